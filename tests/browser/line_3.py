"""The pages of a project that shows its own things, and a conversation beside them."""

from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.urls import path

from hubbub.django.urls import urlpatterns as server_urls

PAGE = """{% load hubbub %}<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Line 3</title>
    <link rel="stylesheet" href="/line-3.css">
  </head>
  <body>
    <header><strong>Plant</strong> <a href="#">Lines</a> <a href="#">Stock</a></header>
    <main>
      <section>
        <h1>Line 3</h1>
        <table>
          <tr><th>Pump</th><td>running</td></tr>
          <tr><th>Pressure</th><td>2.6 bar</td></tr>
          <tr><th>Since</th><td>07:00</td></tr>
        </table>
      </section>
      {% hubbub_chat conversation=conversation %}
    </main>
  </body>
</html>
"""
STYLES = """
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; background: light-dark(#eef1f4, #14181c); }
header { padding: 12px 24px; background: light-dark(#12405e, #0c2a3e); color: #fff; }
header a { color: #cfe6f5; margin-inline-start: 16px; }
main { display: grid; grid-template-columns: 1fr 1.4fr; gap: 24px; padding: 24px; max-width: 1100px; margin: auto; }
h1 { font-size: 22px; margin: 0 0 12px; }
th { text-align: start; padding: 4px 24px 4px 0; font-weight: 400; }
hubbub-chat { block-size: 540px; --accent: light-dark(#06609c, #7cc4f0); --mark: #06609c; }
@media (max-width: 700px) { main { grid-template-columns: 1fr; padding: 16px; } hubbub-chat { block-size: 440px; } }
"""


def page(request: HttpRequest, conversation: int) -> HttpResponse:
    return HttpResponse(Template(PAGE).render(RequestContext(request, {"conversation": conversation})))


def styles(request: HttpRequest) -> HttpResponse:
    return HttpResponse(STYLES, "text/css")


urlpatterns = [
    path("line-3/<int:conversation>/", page),
    path("line-3.css", styles),
    *server_urls,
]
