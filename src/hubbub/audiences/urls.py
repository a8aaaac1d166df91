from django.urls import path

from hubbub.audiences import api

app_name = "hubbub_audiences"

urlpatterns = [
    path("teams/", api.Teams.as_view(), name="teams"),
    path("teams/<int:team>/", api.TeamDetail.as_view(), name="team"),
    path("teams/<int:team>/members/", api.TeamMembers.as_view(), name="team-members"),
    path("temporary-groups/", api.Groups.as_view(), name="groups"),
    path("temporary-groups/<int:group>/", api.GroupDetail.as_view(), name="group"),
    path("temporary-groups/<int:group>/members/", api.GroupMembers.as_view(), name="group-members"),
]
