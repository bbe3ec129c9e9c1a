"""Credits: what an account may still use up, granted to it or bought by it.

Owns: credit_grant and credit_entry of granted and bought credit: grants, reservations, uses. Does not own: which lines a
credit pays and what that does to tax (core.rating.credits), the sale, settlement and entry of bought credit (core.invoicing;
where it is cash that is kept, core.payments), customer credit left over from credit notes (core.invoicing).
Dates: `expires_on` is the first day of the seller's calendar on which a credit pays nothing any more.
Invariants: M6, no balance below zero: every movement states the balance that it leaves, goes on from the one before, and is
written under a lock on the grant. A draft reserves, giving it up releases, issuing uses, cancelling gives back granted
credit and what was taxed when it was sold. What is left on the day of expiry expires: of bought credit that is breakage.
"""

from core.credits.expiring import expire as expire
from core.credits.expiring import expire_within as expire_within
from core.credits.model import Conditions as Conditions
from core.credits.model import CreditMove as CreditMove
from core.credits.model import CreditView as CreditView
from core.credits.model import Reserved as Reserved
from core.credits.opening import open_credit as open_credit
from core.credits.service import check_untouched as check_untouched
from core.credits.service import conditions as conditions
from core.credits.service import give_back as give_back
from core.credits.service import grant as grant
from core.credits.service import release as release
from core.credits.service import reserve as reserve
from core.credits.service import sell as sell
from core.credits.service import take_back as take_back
from core.credits.service import use as use
from core.credits.store import credits_of as credits_of
from core.credits.store import held as held
from core.credits.store import moves as moves
from core.credits.store import reserved as reserved
