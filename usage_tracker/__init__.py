"""The tracker: a program says what was used, and it arrives exactly once. The standard library is all it needs.

    from usage_tracker import HttpPublisher, UsageTracker

    with UsageTracker("var/usage.spool", HttpPublisher("https://desk.example", key)) as tracker:
        tracker.track_api_usage("northwind", endpoint="/v1/search", event_id=request_id)

A call returns once the event is on disk. From there a thread sends it, in batches that keep their name and content until they are
acknowledged: through outages and kill -9 nothing is lost and nothing counts twice. docs/tracker.md is the page for its users.

`usage_tracker.database` publishes straight to the database; that module alone needs the rest of Countinghouse.
"""

from usage_tracker.events import UsageError as UsageError
from usage_tracker.http import HttpPublisher as HttpPublisher
from usage_tracker.publishing import Batch as Batch
from usage_tracker.publishing import NotPublished as NotPublished
from usage_tracker.publishing import Publisher as Publisher
from usage_tracker.publishing import Result as Result
from usage_tracker.publishing import Spooled as Spooled
from usage_tracker.tracker import UsageTracker as UsageTracker
