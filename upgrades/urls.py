"""Every page, grouped by noun. Names are <noun>-<verb>; the noun's list is also its place in the navigation."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from upgrades.views import (
    audit,
    audit_export,
    change_request_forms,
    change_requests,
    clusters,
    comments,
    decisions,
    doctor,
    endpoints,
    frame,
    halts,
    health,
    home,
    inbox,
    metrics,
    packages,
    path_files,
    paths,
    run_actions,
    runs,
    saved_views,
    settings,
    sign_in,
    tokens,
    users,
)

urlpatterns = [
    # what programs call: upgrades/api/urls.py
    path("api/v1/", include("upgrades.api.urls")),
    # the frame
    path("", home.home, name="home"),
    path("inbox/", inbox.inbox_list, name="inbox"),
    path("settings/", settings.settings_page, name="settings"),
    path("settings/password/", settings.settings_password, name="settings-password"),
    path("theme/", frame.theme, name="theme"),
    path("shortcuts/", frame.shortcuts, name="shortcuts"),
    path("language/", login_not_required(require_POST(set_language)), name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    # signing in
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("set-password/<str:uid>/<str:token>/", sign_in.set_password, name="set-password"),
    # saved views of lists
    path("saved-views/new/", saved_views.view_create, name="views-create"),
    path("saved-views/<int:pk>/", saved_views.view_edit, name="views-edit"),
    path("saved-views/<int:pk>/delete/", saved_views.view_delete, name="views-delete"),
    # API tokens
    path("tokens/", tokens.token_list, name="tokens-list"),
    path("tokens/new/", tokens.token_create, name="tokens-create"),
    path("tokens/<int:pk>/revoke/", tokens.token_revoke, name="tokens-revoke"),
    # clusters and packages
    path("clusters/", clusters.cluster_list, name="clusters-list"),
    path("clusters/export.csv", clusters.cluster_export, name="clusters-export"),
    path("clusters/<int:pk>/", clusters.cluster_detail, name="clusters-detail"),
    path("clusters/<int:pk>/environment/", clusters.cluster_environment, name="clusters-environment"),
    path("clusters/<int:pk>/describe/", clusters.cluster_describe, name="clusters-describe"),
    path("packages/", packages.package_list, name="packages-list"),
    path("packages/<int:pk>/", packages.package_detail, name="packages-detail"),
    # upgrade paths
    path("upgrade-paths/", paths.path_list, name="paths-list"),
    path("upgrade-paths/new/", path_files.file_create, name="paths-create"),
    path("upgrade-paths/<int:pk>/", path_files.file_detail, name="paths-detail"),
    path("upgrade-paths/<int:pk>/activate/", path_files.file_activate, name="paths-activate"),
    path("upgrade-paths/<int:pk>/remove/", path_files.file_remove, name="paths-remove"),
    # change requests
    path("change-requests/", change_requests.request_list, name="requests-list"),
    path("change-requests/new/", change_request_forms.request_create, name="requests-create"),
    path("change-requests/<int:pk>/", change_requests.request_detail, name="requests-detail"),
    path("change-requests/<int:pk>/edit/", change_request_forms.request_edit, name="requests-edit"),
    path("change-requests/<int:pk>/votes/", change_requests.request_vote, name="requests-vote"),
    path("change-requests/<int:pk>/submit/", change_requests.request_submit, name="requests-submit"),
    path("change-requests/<int:pk>/start/", change_requests.request_start, name="requests-start"),
    path("change-requests/<int:pk>/take-back/", change_requests.request_take_back, name="requests-take-back"),
    path("change-requests/<int:pk>/withdraw/", change_requests.request_withdraw, name="requests-withdraw"),
    path("change-requests/<int:pk>/call-off/", change_requests.request_call_off, name="requests-call-off"),
    path("change-requests/<int:pk>/copy/", change_requests.request_copy, name="requests-copy"),
    path("change-requests/<int:pk>/comments/", comments.request_comment, name="requests-comment"),
    path("change-requests/<int:pk>/attachments/", comments.request_attach, name="requests-attach"),
    path("attachments/<int:pk>/", comments.attachment_detail, name="attachments-detail"),
    # runs
    path("runs/", runs.run_list, name="runs-list"),
    path("runs/<int:pk>/", runs.run_detail, name="runs-detail"),
    path("runs/<int:pk>/snapshot/", runs.run_snapshot, name="runs-snapshot"),
    path("runs/<int:pk>/graph/", runs.run_graph, name="runs-graph"),
    path("runs/<int:pk>/log/", runs.run_log, name="runs-log"),
    path("runs/<int:pk>/log/file/", runs.run_log_file, name="runs-log-file"),
    path("runs/<int:pk>/look-again/", runs.run_look_again, name="runs-look-again"),
    path("runs/<int:pk>/act/", run_actions.run_act, name="runs-act"),
    # decisions about runs
    path("runs/<int:pk>/decisions/", decisions.decision_propose, name="decisions-propose"),
    path("decisions/<int:pk>/confirm/", decisions.decision_confirm, name="decisions-confirm"),
    path("decisions/<int:pk>/withdraw/", decisions.decision_withdraw, name="decisions-withdraw"),
    # endpoints
    path("endpoints/", endpoints.endpoint_list, name="endpoints-list"),
    path("endpoints/new/", endpoints.endpoint_create, name="endpoints-create"),
    path("endpoints/<int:pk>/", endpoints.endpoint_detail, name="endpoints-detail"),
    path("endpoints/<int:pk>/edit/", endpoints.endpoint_edit, name="endpoints-edit"),
    path("endpoints/<int:pk>/switch/", endpoints.endpoint_switch, name="endpoints-switch"),
    path("endpoints/<int:pk>/address/", endpoints.endpoint_address, name="endpoints-address"),
    path("endpoints/<int:pk>/tell-apart/", endpoints.endpoint_tell_apart, name="endpoints-apart"),
    path("endpoints/<int:pk>/test/", endpoints.endpoint_test, name="endpoints-test"),
    # how everything stands that ocpdash stands on
    path("doctor/", doctor.doctor_page, name="doctor"),
    # halts: nothing is sent to OCP
    path("halts/", halts.halt_list, name="halts-list"),
    path("halts/lift/", halts.halt_lift, name="halts-lift"),
    # audit
    path("audit/", audit.audit_list, name="audit-list"),
    path("audit/export/", audit_export.audit_export, name="audit-export"),
    # users
    path("users/", users.user_list, name="users-list"),
    path("users/new/", users.user_create, name="users-create"),
    path("users/<int:pk>/", users.user_detail, name="users-detail"),
    path("users/<int:pk>/grants/", users.user_grants, name="users-grants"),
    path("users/<int:pk>/deactivate/", users.user_deactivate, name="users-deactivate"),
    path("users/<int:pk>/reactivate/", users.user_reactivate, name="users-reactivate"),
    path("users/<int:pk>/link/", users.user_link, name="users-link"),
]
