"""sekmet-fhir in a process of its own, with clients that get tokens by their keys."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import jwt

# sekmet's command line is installed beside the Python that runs this.
COMMAND = os.path.join(os.path.dirname(sys.executable), "sekmet")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def keys(program, folder, algorithm):
    place = f"{folder}/{algorithm}"
    command = [program, "standin", "client-key", "--out", place, "--algorithm", algorithm.lower()]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(f"{place}/jwks.json") as file:
        return f"{place}/private.pem", json.load(file)


class Sekmet:
    def __init__(self, folder, clients):
        self.base = f"http://127.0.0.1:{free_port()}/fhir"
        auth = {"types": ["smart"], "token_lifetime": 60, "smart_clients": clients}
        settings = {"base_url": self.base, "server_auth": auth}
        # JSON is YAML.
        with open(f"{folder}/settings.yaml", "w") as file:
            json.dump(settings, file)
        port = str(urllib.parse.urlsplit(self.base).port)
        command = [COMMAND, "serve", "--host", "127.0.0.1", "--port", port]
        environment = os.environ | {"SEKMET_CONFIG": f"{folder}/settings.yaml"}
        self.log = open(f"{folder}/sekmet.log", "w")
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=self.log, stderr=self.log
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.asks("GET", f"{self.base}/metadata")
                return
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def asks(self, method, url, body=None, headers=None):
        request = urllib.request.Request(url, body, headers or {}, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    def token(self, client, pem, kid):
        known = self.asks("GET", f"{self.base}/.well-known/smart-configuration")
        claims = {"iss": client, "sub": client, "aud": known["token_endpoint"]}
        claims |= {"exp": int(time.time()) + 200, "jti": str(uuid.uuid4())}
        with open(pem) as file:
            assertion = jwt.encode(claims, file.read(), "ES384", {"kid": kid})
        form = {"grant_type": "client_credentials", "scope": "system/*.cruds"}
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form["client_assertion"] = assertion
        body = urllib.parse.urlencode(form).encode()
        return self.asks("POST", known["token_endpoint"], body)["access_token"]


def coded(system, code):
    return {"coding": [{"system": system, "code": code}]}
