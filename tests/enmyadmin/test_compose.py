"""compose.yaml as far as it can be checked without its servers: names and passwords fit, and the program knows them."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

import servers
from commands import run_command
from enstorage import settings
from enstorage.settings import Settings

#: The words of the commands that it calls; the others are arguments.
COMMANDS = {"user", "add", "serve"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def composed():
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def test_every_service_and_volume_that_is_named_is_there_and_ports_are_open_to_this_machine_alone(composed):
    services, volumes = composed["services"], set(composed["volumes"])
    used, ports = set(), []
    for service in services.values():
        assert re.fullmatch(r"[a-z0-9]+:[0-9.]+", service["image"]), "an image without a version changes by itself"
        assert set(service.get("depends_on", ())) <= services.keys()
        mounted = {each.split(":")[0] for each in service["volumes"]}
        used |= {each for each in mounted if not each.startswith(".")}
        ports += service["ports"]
    assert used == volumes
    assert all(each.startswith("127.0.0.1:") for each in ports)
    assert len({each.split(":")[1] for each in ports}) == len(ports)


def test_the_addresses_of_the_client_are_settings_and_have_the_names_and_passwords_of_the_servers(
    composed, monkeypatch
):
    services = composed["services"]
    given = services["enmyadmin"]["environment"]
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    resolved = Settings.resolve(None, None, None)
    assert given.keys() == {f"ENSTORAGE_{name.upper()}" for name in settings._NAMES}
    assert [resolved.database, resolved.series] == [given["ENSTORAGE_DATABASE"], given["ENSTORAGE_SERIES"]]
    mysql, influxdb = services["mysql"]["environment"], services["influxdb"]["environment"]
    assert resolved.database == (
        f"mysql://{mysql['MYSQL_USER']}:{mysql['MYSQL_PASSWORD']}@mysql/{mysql['MYSQL_DATABASE']}"
    )
    user, password = influxdb["INFLUXDB_USER"], influxdb["INFLUXDB_USER_PASSWORD"]
    assert resolved.series == f"influxdb://{user}:{password}@influxdb:8086/{influxdb['INFLUXDB_DB']}"
    assert given["ENSTORAGE_OBJECTS"] == "file:/objects"
    assert "objects:/objects" in services["enmyadmin"]["volumes"]


def test_its_commands_and_their_options_are_those_of_the_program(composed):
    command = composed["services"]["enmyadmin"]["command"]
    words = [each.strip('()";') for each in shlex.split(command, posix=False)]
    text = " ".join(words).replace("(", " ").replace(")", " ")
    called = re.findall(r"enstorage ((?:[a-z-]+ ?)+(?:--?[^&|]*)?)", text)
    assert len(called) == 2
    for line in called:
        words = shlex.split(line)
        told = run_command(*(each for each in words if re.fullmatch("[a-z]+", each) and each in COMMANDS), "--help")
        assert told.status == 0, told.errors
        assert {each for each in words if each.startswith("--")} <= set(re.findall(r"--[a-z-]+", told.output))


def asked(origin, body=None):
    """The answer of the server to a request, once it listens."""
    request = urllib.request.Request(
        f"{origin}/api/v1/session",
        body and json.dumps(body).encode(),
        {"Content-Type": "application/json", "Origin": origin},
    )
    for _ in range(600):
        try:
            return json.loads(urllib.request.urlopen(request).read())
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.2)
    pytest.fail("It did not start.")


@pytest.mark.long
@pytest.mark.server
def test_its_command_serves_a_new_store_on_two_servers_to_the_user_that_it_names(composed, tmp_path):
    given = composed["services"]["enmyadmin"]
    mariadb, influxdb = servers.shared("mariadb"), servers.shared("influxdb")
    database = f"composed{os.getpid()}"
    for server in (mariadb, influxdb):
        server.create_database(database)
    port = servers.free_port()
    _, command, rest = shlex.split(given["command"])[0:3]
    assert command == "-c"
    installed, _, rest = rest.partition("&&")
    assert installed.split() == ["pip", "install", "--quiet", "'.[all]'"]
    # The servers and the port are those of this machine, all else is as it is written there.
    environment = {
        **os.environ,
        **given["environment"],
        "ENSTORAGE_DATABASE": mariadb.url(database),
        "ENSTORAGE_SERIES": influxdb.url(database),
        "ENSTORAGE_OBJECTS": f"file:{tmp_path}/objects",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    program = subprocess.Popen(["sh", "-c", f"{rest} --port {port}"], env=environment, start_new_session=True)
    origin = f"http://127.0.0.1:{port}"
    try:
        assert asked(origin)["user"] is None
        password = re.search("echo '([^']+)'", rest)[1]
        assert asked(origin, {"name": "admin", "password": password})["user"]["role"] == "administrator"
    finally:
        os.killpg(program.pid, 15)
        program.wait(30)
