"""Migration in: a business comes from another system with its customers, plans, subscriptions, debts and credits.

Owns: the files that it reads and their fields (`FILES`), mappers, the dry run, external_ref, and the order in which rows become
facts. Does not own: any fact; everything is made by the verbs of the catalog, credits, invoicing and the ledger.
Dates: the opening day is a day of the seller's calendar in an open period; what was served before it was earned there. A
subscription begins here on the opening day (or on the first day whose usage is billed here).
Invariants: a dry run writes nothing and shows every fault · what is applied is what a dry run shows, all of it or nothing · the
same file again makes nothing · whoever prepared a migration does not apply it.
"""

from core.migration.fields import FILES as FILES
from core.migration.fields import KINDS as KINDS
from core.migration.fields import guessed as guessed
from core.migration.fields import kind_of_file as kind_of_file
from core.migration.mapping import DATES as DATES
from core.migration.mapping import DELIMITERS as DELIMITERS
from core.migration.mapping import ENCODINGS as ENCODINGS
from core.migration.mapping import mapper_from_json as mapper_from_json
from core.migration.mapping import mapper_to_json as mapper_to_json
from core.migration.model import Count as Count
from core.migration.model import DryRun as DryRun
from core.migration.model import FileRule as FileRule
from core.migration.model import Mapper as Mapper
from core.migration.model import MapperView as MapperView
from core.migration.model import MigrationView as MigrationView
from core.migration.model import OpeningLine as OpeningLine
from core.migration.model import RowFault as RowFault
from core.migration.model import Take as Take
from core.migration.reading import columns_of as columns_of
from core.migration.reading import read_file as read_file
from core.migration.service import apply as apply
from core.migration.service import dry_run as dry_run
from core.migration.service import mappers as mappers
from core.migration.service import migrations as migrations
from core.migration.service import prepare as prepare
from core.migration.service import prepared_run as prepared_run
from core.migration.service import save_mapper as save_mapper
from core.migration.service import withdraw as withdraw
