"""People sign in at a provider that nobody here wrote: npm `oidc-provider`, a process on this machine.

Usage: sign_in.py PROGRAM FOLDER, where FOLDER holds the provider's node_modules.

A nurse, a researcher and somebody with no role here go the whole way that a browser goes: from the pages to the
provider (code with PKCE), its own forms, back, and onto pages that their role may see and no others; then out.
What this cannot prove: that another provider speaks the same dialect.
"""

import html
import http.cookiejar
import re
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

program, folder = sys.argv[1], sys.argv[2]
here = Path(__file__).resolve().parent


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def does(*words):
    said = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(f"{words[0]}: {said.stderr}")


class Browser:
    """Cookies and forms, without what draws."""

    def __init__(self, pages):
        self.pages = pages
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def goes(self, address, fields=None):
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.pages, address), data)
        if data is not None and request.full_url.startswith(self.pages):
            request.add_header("Origin", self.pages)
        try:
            with self.opener.open(request) as answer:
                return answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.url, answer.read().decode()

    def form(self, page, address):
        """The first form of a page of the provider: where it goes, and what is hidden in it."""
        form = re.search(r"<form[^>]*?action=\"([^\"]+)\".*?</form>", page, re.S)
        assert form, f"{address} has no form: {page[:400]}"
        hidden = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", form[0])
        field = lambda text, name: html.unescape(re.search(rf"{name}=\"([^\"]*)\"", text)[1])
        return urllib.parse.urljoin(address, html.unescape(form[1])), {field(h, "name"): field(h, "value") for h in hidden}

    def signs_in(self, login):
        status, address, page = self.goes("/sign-in/provider")
        assert status == 200 and not address.startswith(self.pages), (status, address)
        to, fields = self.form(page, address)
        status, address, page = self.goes(to, fields | {"login": login, "password": "whatever"})
        if not address.startswith(self.pages):
            # Whether the pages may know who they are.
            to, fields = self.form(page, address)
            status, address, page = self.goes(to, fields)
        return status, address, page

    def signs_out(self, page):
        seal = re.search(r"name=\"csrf\" value=\"([^\"]+)\"", page)[1]
        return self.goes("/sign-out", {"csrf": seal})


def configuration(issuer, port):
    return f"""[site]
trial = true
today = 2026-01-15
[legal_basis]
reference = "trial without people"
valid_from = 2026-01-01
valid_until = 2026-12-31
[serve]
listen = "127.0.0.1:0"
[web]
listen = "127.0.0.1:{port}"
address = "http://127.0.0.1:{port}"
issuer = "{issuer}"
client_id = "preventio"
client_secret_file = "secret"
scopes = ["profile", "groups"]
[[web.grant]]
value = "prevention-nurses"
role = "clinician"
districts = "all"
[[web.grant]]
value = "science"
role = "researcher"
"""


def visits(pages):
    nurse = Browser(pages)
    status, address, page = nurse.signs_in("maija")
    assert (status, address) == (200, pages + "/"), (status, address, page[:400])
    assert "Maija Meikäläinen" in page
    assert nurse.goes("/worklist")[0] == 200
    assert nurse.goes("/audit")[0] in (403, 404)
    nurse.signs_out(page)
    status, address, _ = nurse.goes("/worklist")
    assert "/sign-in" in address, (status, address)

    researcher = Browser(pages)
    status, address, page = researcher.signs_in("rauni")
    assert (status, address) == (200, pages + "/"), (status, address)
    assert researcher.goes("/numbers")[0] == 200
    assert researcher.goes("/worklist")[0] in (403, 404)

    stranger = Browser(pages)
    status, address, page = stranger.signs_in("ville")
    main = page.split("<main")[1]
    for path in ("/worklist", "/numbers", "/operations", "/audit"):
        # Who has no role here is known by name, and may see nothing.
        assert path not in main and stranger.goes(path)[0] in (403, 404), path


def main():
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        does("standin", "export", "--residents", "300", "--seed", "3", "--out", work / "export")
        does("pull", "--from", work / "export", "--data", work / "data")
        does("run", "--data", work / "data", "--index-date", "2026-01-15")
        port = free_port()
        pages = f"http://127.0.0.1:{port}"
        words = ["node", here / "oidc_provider.mjs", folder, f"{pages}/sign-in/callback"]
        provider = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            issuer = provider.stdout.readline().strip()
            assert issuer.startswith("http://"), "the provider does not say where it is"
            (work / "secret").write_text("of the test alone")
            (work / "secret").chmod(0o600)
            (work / "preventio.toml").write_text(configuration(issuer, port))
            words = [program, "serve", "--data", work / "data", "--config", work / "preventio.toml"]
            served = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                for line in served.stdout:
                    if line.startswith("pages at "):
                        break
                else:
                    sys.exit(served.stderr.read())
                visits(pages)
                print("three people signed in at oidc-provider, each as far as their role goes")
            finally:
                served.terminate()
                served.wait(timeout=30)
        finally:
            provider.terminate()
            provider.wait(timeout=30)


if __name__ == "__main__":
    main()
