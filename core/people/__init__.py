"""People: users, roles, permissions, the pairs that one person may not hold for the same item, four eyes.

Owns: app_user, role_permission, app_session, api_key. Does not own: who did what (core.audit), what a document rests on (its
own domain tells the actors and `four_eyes` judges).
"""

from core.people.keys import key_of as key_of
from core.people.keys import keys as keys
from core.people.keys import make_key as make_key
from core.people.keys import note_use as note_use
from core.people.keys import program as program
from core.people.keys import revoke_key as revoke_key
from core.people.keys import use_is_due as use_is_due
from core.people.model import KeyView as KeyView
from core.people.model import MadeKey as MadeKey
from core.people.model import UserView as UserView
from core.people.permissions import PERMISSIONS as PERMISSIONS
from core.people.permissions import Actor as Actor
from core.people.permissions import granted_to as granted_to
from core.people.permissions import job as job
from core.people.permissions import person as person
from core.people.permissions import require as require
from core.people.rules import PAIRS as PAIRS
from core.people.rules import Pair as Pair
from core.people.rules import four_eyes as four_eyes
from core.people.service import acting_as as acting_as
from core.people.service import add_first_administrator as add_first_administrator
from core.people.service import add_user as add_user
from core.people.service import change_own_password as change_own_password
from core.people.service import disable_user as disable_user
from core.people.service import enable_user as enable_user
from core.people.service import set_password as set_password
from core.people.service import set_role as set_role
from core.people.service import sign_in as sign_in
from core.people.service import sign_out as sign_out
from core.people.service import users as users
from core.people.service import whoami as whoami
