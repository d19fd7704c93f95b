"""Engagements and agreements from news about diplomacy and defence, each with its evidence.

>>> from communique import summarise
>>> summary = summarise(text, published="2024-11-22")  # doctest: +SKIP
"""

from communique._version import __version__
from communique.article import Article
from communique.batches import Batch, BatchStatus, submit_batch
from communique.errors import (
    AuthenticationFailed,
    BudgetSpent,
    CommuniqueError,
    ConfigurationError,
    ContextExceeded,
    InternalError,
    InvalidArticle,
    InvalidReply,
    ModelError,
    QuotaExhausted,
    RateLimited,
    Refused,
    StorageError,
    Unavailable,
    WeightsInvalid,
)
from communique.intake import articles_in
from communique.many import asummarise_many, summarise_many
from communique.outcomes import Outcome
from communique.pipeline import Summariser, asummarise, summarise
from communique.profiles import Profile
from communique.progress import Progress
from communique.schemas import (
    Act,
    Agreement,
    Attempt,
    DateValue,
    Engagement,
    EngagementRef,
    Evidence,
    LeftOut,
    Participant,
    Party,
    PassageReport,
    Place,
    Report,
    Source,
    Span,
    Statement,
    Summary,
    json_schema,
)

summarize = summarise


__all__ = [
    "Act",
    "Agreement",
    "Article",
    "Attempt",
    "AuthenticationFailed",
    "Batch",
    "BatchStatus",
    "BudgetSpent",
    "CommuniqueError",
    "ConfigurationError",
    "ContextExceeded",
    "DateValue",
    "Engagement",
    "EngagementRef",
    "Evidence",
    "InternalError",
    "InvalidArticle",
    "InvalidReply",
    "LeftOut",
    "ModelError",
    "Outcome",
    "Participant",
    "Party",
    "PassageReport",
    "Place",
    "Profile",
    "Progress",
    "QuotaExhausted",
    "RateLimited",
    "Refused",
    "Report",
    "Source",
    "Span",
    "Statement",
    "StorageError",
    "Summariser",
    "Summary",
    "Unavailable",
    "WeightsInvalid",
    "__version__",
    "articles_in",
    "asummarise",
    "asummarise_many",
    "json_schema",
    "submit_batch",
    "summarise",
    "summarise_many",
    "summarize",
]
