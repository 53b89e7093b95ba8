"""Every page, grouped by noun. Names are <noun>-<verb>; the noun's list is also its place in the navigation."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.i18n import set_language

from upgrades.views import frame, health, home, sign_in, users

urlpatterns = [
    # the frame
    path("", home.home, name="home"),
    path("inbox/", home.inbox, name="inbox"),
    path("theme/", frame.theme, name="theme"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    # signing in
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("set-password/<str:uid>/<str:token>/", sign_in.set_password, name="set-password"),
    # users
    path("users/", users.user_list, name="users-list"),
    path("users/new/", users.user_create, name="users-create"),
    path("users/<int:pk>/", users.user_detail, name="users-detail"),
    path("users/<int:pk>/grants/", users.user_grants, name="users-grants"),
    path("users/<int:pk>/deactivate/", users.user_deactivate, name="users-deactivate"),
    path("users/<int:pk>/reactivate/", users.user_reactivate, name="users-reactivate"),
    path("users/<int:pk>/link/", users.user_link, name="users-link"),
]
