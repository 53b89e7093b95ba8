"""The site's URLs: everything is in upgrades/urls.py; here only what Django looks for at the root."""

from django.urls import include, path

urlpatterns = [path("", include("upgrades.urls"))]

handler400 = "upgrades.views.errors.bad_request"
handler403 = "upgrades.views.errors.permission_denied"
handler404 = "upgrades.views.errors.not_found"
handler500 = "upgrades.views.errors.server_error"
