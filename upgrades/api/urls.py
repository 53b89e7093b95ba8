"""Every address of the API, by noun, with the function of each method. Included under /api/v1/ as `api`."""

from django.urls import path

from upgrades.api import (
    audit,
    change_requests,
    clusters,
    comments,
    decisions,
    endpoints,
    openapi,
    packages,
    request_moves,
    run_actions,
    runs,
)
from upgrades.api.bodies import FileParser
from upgrades.api.doors import at

app_name = "api"
_ABOUT = "change-requests/<int:pk>/"

urlpatterns = [
    # what OCP shows
    path("endpoints/", at(GET=endpoints.endpoint_list), name="endpoints-list"),
    path("endpoints/<int:pk>/", at(GET=endpoints.endpoint_detail), name="endpoints-detail"),
    path("endpoints/<int:pk>/evidence/", at(GET=decisions.endpoint_evidence), name="endpoints-evidence"),
    path("endpoints/<int:pk>/decisions/", at(POST=decisions.endpoint_propose), name="endpoints-propose"),
    path("clusters/", at(GET=clusters.cluster_list), name="clusters-list"),
    path("clusters/<int:pk>/", at(GET=clusters.cluster_detail), name="clusters-detail"),
    path("packages/", at(GET=packages.package_list), name="packages-list"),
    path("packages/<int:pk>/", at(GET=packages.package_detail), name="packages-detail"),
    # change requests
    path(
        "change-requests/",
        at(GET=change_requests.request_list, POST=change_requests.request_create),
        name="requests-list",
    ),
    path(_ABOUT, at(GET=change_requests.request_detail, PATCH=change_requests.request_edit), name="requests-detail"),
    path(f"{_ABOUT}submit/", at(POST=request_moves.request_submit), name="requests-submit"),
    path(f"{_ABOUT}votes/", at(POST=request_moves.request_vote), name="requests-vote"),
    path(f"{_ABOUT}take-back/", at(POST=request_moves.request_take_back), name="requests-take-back"),
    path(f"{_ABOUT}withdraw/", at(POST=request_moves.request_withdraw), name="requests-withdraw"),
    path(f"{_ABOUT}start/", at(POST=request_moves.request_start), name="requests-start"),
    path(f"{_ABOUT}call-off/", at(POST=request_moves.request_call_off), name="requests-call-off"),
    path(f"{_ABOUT}comments/", at(GET=comments.comment_list, POST=comments.comment_add), name="requests-comments"),
    path("comments/<int:pk>/", at(GET=comments.comment_detail), name="comments-detail"),
    path(
        f"{_ABOUT}attachments/",
        at(parsers=[FileParser], GET=comments.attachment_list, POST=comments.attachment_add),
        name="requests-attachments",
    ),
    path("attachments/<int:pk>/", at(GET=comments.attachment_detail), name="attachments-detail"),
    # runs, what is asked of OCP during one, and decisions about them
    path("runs/", at(GET=runs.run_list), name="runs-list"),
    path("runs/<int:pk>/", at(GET=runs.run_detail), name="runs-detail"),
    path("runs/<int:pk>/snapshot/", at(GET=runs.run_snapshot), name="runs-snapshot"),
    path("runs/<int:pk>/evidence/", at(GET=decisions.decision_evidence), name="runs-evidence"),
    path("runs/<int:pk>/decisions/", at(POST=decisions.decision_propose), name="decisions-propose"),
    path(
        "runs/<int:pk>/actions/",
        at(GET=run_actions.run_action_list, POST=run_actions.run_action_ask),
        name="run-actions-list",
    ),
    path("runs/<int:pk>/actions/offer/", at(GET=run_actions.run_action_offer), name="run-actions-offer"),
    path("run-actions/<int:pk>/", at(GET=run_actions.run_action_detail), name="run-actions-detail"),
    path("decisions/", at(GET=decisions.decision_list), name="decisions-list"),
    path("decisions/<int:pk>/", at(GET=decisions.decision_detail), name="decisions-detail"),
    path("decisions/<int:pk>/confirm/", at(POST=decisions.decision_confirm), name="decisions-confirm"),
    path("decisions/<int:pk>/withdraw/", at(POST=decisions.decision_withdraw), name="decisions-withdraw"),
    # audit
    path("audit/", at(GET=audit.audit_list), name="audit-list"),
    # what the API is
    path("openapi.yaml", openapi.text, name="openapi"),
    path("docs/", openapi.page, name="docs"),
    # Whatever else is asked for here is answered as a program reads it.
    path("<path:rest>", openapi.nothing),
]
