"""People: users, roles, permissions, the pairs that one person may not hold for the same item, four eyes.

Owns: app_user, role_permission, app_session, api_key. Does not own: who did what (core.audit), what a document rests on (its
own domain tells the actors and `four_eyes` judges).
"""

from core.people.permissions import PERMISSIONS as PERMISSIONS
from core.people.permissions import Actor as Actor
from core.people.permissions import granted_to as granted_to
from core.people.permissions import job as job
from core.people.permissions import person as person
from core.people.permissions import require as require
from core.people.rules import PAIRS as PAIRS
from core.people.rules import Pair as Pair
from core.people.rules import four_eyes as four_eyes
