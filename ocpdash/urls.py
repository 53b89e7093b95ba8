"""The site's URLs: everything is in upgrades/urls.py and allauth's own pages."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("", include("upgrades.urls")),
]
