"""The server's URLs, and views that send to groups of the channel layer as any project's may."""

import asyncio
import json
from threading import Thread

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from hubbub.django.urls import handler404 as handler404
from hubbub.django.urls import handler500 as handler500
from hubbub.django.urls import urlpatterns as theirs


@csrf_exempt
def from_view(request: HttpRequest) -> HttpResponse:
    for group, message in json.loads(request.body):
        async_to_sync(get_channel_layer().group_send)(group, message)
    return HttpResponse()


@csrf_exempt
async def from_coroutine(request: HttpRequest) -> HttpResponse:
    for group, message in json.loads(request.body):
        await get_channel_layer().group_send(group, message)
    return HttpResponse()


@csrf_exempt
def from_thread(request: HttpRequest) -> HttpResponse:
    """A thread of the project's own, with a loop of its own."""

    async def send() -> None:
        for group, message in json.loads(request.body):
            await get_channel_layer().group_send(group, message)

    thread = Thread(target=asyncio.run, args=(send(),))
    thread.start()
    thread.join()
    return HttpResponse()


urlpatterns = [
    path("send/view", from_view),
    path("send/coroutine", from_coroutine),
    path("send/thread", from_thread),
    *theirs,
]
