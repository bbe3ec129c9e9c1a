"""The whole schema, one file an area: columns, keys, constraints, nothing else. docs/schema.md says what each is for."""

from core.tables.base import Base as Base
from core.tables.catalog import *  # noqa: F403
from core.tables.changes import *  # noqa: F403
from core.tables.charges import *  # noqa: F403
from core.tables.coupons import *  # noqa: F403
from core.tables.documents import *  # noqa: F403
from core.tables.jobs import *  # noqa: F403
from core.tables.ledger import *  # noqa: F403
from core.tables.metering import *  # noqa: F403
from core.tables.outside import *  # noqa: F403
from core.tables.parties import *  # noqa: F403
from core.tables.payments import *  # noqa: F403
from core.tables.people import *  # noqa: F403
from core.tables.reconciliation import *  # noqa: F403
from core.tables.revenue import *  # noqa: F403
