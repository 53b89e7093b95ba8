"""Every setting, read from the environment. Starting fails with the variable's name where one is wrong.

OCPDASH_MODE is production (default), demo or test; demo and test may shorten the durations that guard safety.
"""

import ssl
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from ocpdash import environment as env
from ocpdash import logs

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("OCPDASH_VAR", str(BASE_DIR / "var")))

MODE = env.choice("OCPDASH_MODE", "production", allowed=("production", "demo", "test"))
IS_PRODUCTION = MODE == "production"
# Sessions and password links are signed with it; Django's own security.W009 asks for as much.
LEAST_KEY = 50
LEAST_TOKEN = 32

# --- Django ---------------------------------------------------------------------------------------------------

DEBUG = False
SECRET_KEY = env.secret("SECRET_KEY")
if IS_PRODUCTION and len(SECRET_KEY) < LEAST_KEY:
    raise ImproperlyConfigured(f"SECRET_KEY must have {LEAST_KEY} characters or more; this one has {len(SECRET_KEY)}.")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", None if IS_PRODUCTION else "127.0.0.1,localhost,[::1],testserver")
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS", "")

ROOT_URLCONF = "ocpdash.urls"
ASGI_APPLICATION = "ocpdash.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "upgrades",
]

MIDDLEWARE = [
    "upgrades.middleware.RequestIdMiddleware",
    "upgrades.middleware.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "upgrades.middleware.NoStoreMiddleware",
    "upgrades.middleware.SessionLifetimeMiddleware",
    "upgrades.middleware.TimeZoneMiddleware",
    "upgrades.middleware.SignInRequiredMiddleware",
    "upgrades.middleware.RefusalMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "upgrades.context.frame",
            ],
        },
    },
]

# --- The API ---------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "upgrades.api.access.TokenAuthentication",
        "upgrades.api.access.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["upgrades.api.access.Unhurried", "upgrades.api.access.Scoped"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["upgrades.api.bodies.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "upgrades.api.problems.answer",
    # ?format= would be a parameter that no list knows of.
    "URL_FORMAT_OVERRIDE": None,
}
# Of one token, one person or one address; 0 counts nobody.
API_CALLS_A_MINUTE = env.whole("API_CALLS_A_MINUTE", 600, least=0)
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "ocpdash",
    "DESCRIPTION": "Upgrades of OceanBase through OCP: asked for, approved, started once, followed, verified.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": False,
    # What a PATCH must send is what its body says.
    "COMPONENT_SPLIT_PATCH": False,
    # Choices stay where they stand: the same name means other statuses for other nouns.
    "POSTPROCESSING_HOOKS": [],
    "SORT_OPERATION_PARAMETERS": False,
}

# --- PostgreSQL and Redis --------------------------------------------------------------------------------------

# synchronous_commit: a run's row must be on disk before its POST leaves.
_DURABLE = "-c synchronous_commit=on"
_LIMITED = f"{_DURABLE} -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
# So that a server that vanished without a word is noticed: in seconds while connecting, in half a minute later.
_NOTICED = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
_KEPT: dict[str, Any] = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

DATABASES = {"default": env.database("DATABASE_URL", _LIMITED, _NOTICED) | _KEPT}
# Only migrate and its grants sign in as the owner; web and worker processes are not given this variable.
if env.secret("DATABASE_OWNER_URL", ""):
    DATABASES["owner"] = env.database("DATABASE_OWNER_URL", _DURABLE, _NOTICED)

REDIS_URL, CELERY_BROKER_URL = env.redis("REDIS_URL")
CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": ssl.CERT_REQUIRED} if REDIS_URL.startswith("rediss") else None
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # A Redis that swallows packets must not hold a page for ever.
        "OPTIONS": {"socket_timeout": 1.0, "socket_connect_timeout": 1.0},
    }
}

# --- People ----------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "upgrades.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"

SESSION_ENGINE = "upgrades.sessions"
# A session ends after half an hour without a click, and after twelve hours whatever happens.
SESSION_IDLE_SECONDS = env.seconds("SESSION_IDLE_SECONDS", 1800)
SESSION_COOKIE_AGE = 12 * 3600
PASSWORD_RESET_TIMEOUT = 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "upgrades.views.errors.csrf_failure"

# --- The wire --------------------------------------------------------------------------------------------------

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_PRODUCTION
if IS_PRODUCTION:
    # Browsers take a cookie of this name only from the host itself, over https.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    # Health checks and Prometheus come from inside, over plain http.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
# Including subdomains and preloading would decide for hosts of the company that are not ours.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "static")))
_STATICFILES = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if MODE == "test"
    else "ocpdash.static_files.JoinedStaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _STATICFILES},
}
WHITENOISE_USE_FINDERS = MODE == "test"

# --- Words, times, logs ----------------------------------------------------------------------------------------

USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "upgrades" / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
DISPLAY_TIME_ZONE = env.zone("DISPLAY_TIME_ZONE", "Asia/Shanghai" if MODE == "demo" else "UTC")
# What a host keeps outside the database, so that it notices one that was restored; see services/halts.py.
STATE_DIR = Path(env.text("STATE_DIR", str(VAR_DIR / "state")))
# Whoever reads /metrics shows it; without one there is no such page.
METRICS_TOKEN = env.secret("METRICS_TOKEN", "")
if IS_PRODUCTION and METRICS_TOKEN and len(METRICS_TOKEN) < LEAST_TOKEN:
    raise ImproperlyConfigured(f"METRICS_TOKEN must have {LEAST_TOKEN} characters or more.")
# A worker or beat touches it as it works; a container's health check looks at its time.
PULSE_FILE = env.text("PULSE_FILE", "")
LOGGING = logs.configuration(env.choice("LOG_LEVEL", "INFO", allowed=("DEBUG", "INFO", "WARNING", "ERROR")))

# --- OCP: keys of all endpoints' credentials, and the endpoint that the environment describes --------------------

# Rows are sealed with the first key and opened with any; manage.py rotate_credentials moves them to the first.
CREDENTIALS_KEYS = env.keys("CREDENTIALS_KEYS")
OCP_URL = env.text("OCP_URL", "")
OCP_ENDPOINT_NAME = env.text("OCP_ENDPOINT_NAME", "OCP")
OCP_USERNAME = env.text("OCP_USERNAME", "")
OCP_PASSWORD = env.secret("OCP_PASSWORD", "")
OCP_CA_FILE = env.text("OCP_CA_FILE", "")
OCP_ALLOW_HTTP = env.flag("OCP_ALLOW_HTTP")
# An admin's word that nobody but ocpdash signs in to OCP with this account.
OCP_ACCOUNT_IS_OURS = env.flag("OCP_ACCOUNT_IS_OURS")
if OCP_URL and not (OCP_USERNAME and OCP_PASSWORD):
    raise ImproperlyConfigured("OCP_USERNAME and OCP_PASSWORD must be set where OCP_URL is.")
if OCP_URL.startswith("http://") and not OCP_ALLOW_HTTP:
    raise ImproperlyConfigured("OCP_URL is plain http: use https, or set OCP_ALLOW_HTTP=true and accept the risk.")

# --- Durations, in seconds --------------------------------------------------------------------------------------


def _guard(name: str, default: float) -> float:
    """A duration that keeps a promise: production refuses a shorter one."""
    return env.seconds(name, default, least=default if IS_PRODUCTION else 0.0)


# A submission: from intent to POST, the second pre-read inside it, the POST, and when silence is called unknown.
SUBMIT_BUDGET_SECONDS = _guard("SUBMIT_BUDGET_SECONDS", 5)
SECOND_PRE_READ_SECONDS = _guard("SECOND_PRE_READ_SECONDS", 2)
POST_SECONDS = _guard("POST_SECONDS", 60)
UNCONFIRMED_AFTER_SECONDS = _guard("UNCONFIRMED_AFTER_SECONDS", 90)
START_TIMEOUT_SECONDS = _guard("START_TIMEOUT_SECONDS", 600)
# The sweep: candidates start between intent - before and intent + quiet period; late ones are looked for longer.
CANDIDATE_BEFORE_SECONDS = _guard("CANDIDATE_BEFORE_SECONDS", 600)
QUIET_PERIOD_SECONDS = _guard("QUIET_PERIOD_SECONDS", 900)
LATE_WATCH_SECONDS = _guard("LATE_WATCH_SECONDS", 86400)
UNREADABLE_SECONDS = _guard("UNREADABLE_SECONDS", 1800)
# A retry, skip or cancel: how long it may wait to be sent, and how long its effect is looked for.
ACTION_LAPSE_SECONDS = _guard("ACTION_LAPSE_SECONDS", 600)
# Verifying: how often, when a disagreement is believed, how often it is looked at again.
VERIFY_SECONDS = _guard("VERIFY_SECONDS", 15)
DISAGREE_AFTER_SECONDS = _guard("DISAGREE_AFTER_SECONDS", 180)
DISAGREE_SECONDS = _guard("DISAGREE_SECONDS", 300)
# A worker or beat that is connected and does nothing for so long ends itself, to be started anew.
IDLE_EXIT_SECONDS = _guard("IDLE_EXIT_SECONDS", 120)
if IS_PRODUCTION and UNCONFIRMED_AFTER_SECONDS <= SUBMIT_BUDGET_SECONDS + POST_SECONDS:
    raise ImproperlyConfigured("UNCONFIRMED_AFTER_SECONDS must be longer than SUBMIT_BUDGET_SECONDS + POST_SECONDS.")
if IS_PRODUCTION and QUIET_PERIOD_SECONDS <= UNCONFIRMED_AFTER_SECONDS:
    raise ImproperlyConfigured("QUIET_PERIOD_SECONDS must be longer than UNCONFIRMED_AFTER_SECONDS.")

# Following and reading.
OCP_TOTAL_SECONDS = env.seconds("OCP_TOTAL_SECONDS", 10)
FOLLOW_WATCHED_SECONDS = env.seconds("FOLLOW_WATCHED_SECONDS", 1)
FOLLOW_OPEN_SECONDS = env.seconds("FOLLOW_OPEN_SECONDS", 5)
DETAIL_WATCHED_SECONDS = env.seconds("DETAIL_WATCHED_SECONDS", 5)
WATCH_SECONDS = env.seconds("WATCH_SECONDS", 15)
INVENTORY_SECONDS = env.seconds("INVENTORY_SECONDS", 60)
STALE_SECONDS = env.seconds("STALE_SECONDS", 90)
# Our own parts: silent is who gave no sign of life for so long.
SILENT_SECONDS = env.seconds("SILENT_SECONDS", 30)
# The stream of an open page: how often it says how fresh it is, and how often its session is looked at again.
STREAM_PULSE_SECONDS = env.seconds("STREAM_PULSE_SECONDS", 10)
STREAM_CHECK_SECONDS = env.seconds("STREAM_CHECK_SECONDS", 60)

# People.
APPROVAL_QUORUM = env.whole("APPROVAL_QUORUM", 1, least=1)
REQUEST_EXPIRY_SECONDS = env.seconds("REQUEST_EXPIRY_SECONDS", 7 * 86400)
APPROVAL_VALIDITY_SECONDS = env.seconds("APPROVAL_VALIDITY_SECONDS", 3 * 86400)
DECISION_EXPIRY_SECONDS = env.seconds("DECISION_EXPIRY_SECONDS", 3600)
