"""cluster.yaml against Ray's own code, and against what Ray's code lets through.

`ray up` prepares a file (prepare_config) and holds it against a JSON schema (validate_config); neither needs the
network or an AWS account, and both accept machines that do not exist and start commands without Ray. So `problems`
also looks at machines, start commands, installation, authentication and the firewall, and each of the faulty
copies below shows that a check can fail. Not covered: what only AWS itself can say (quotas, prices, rights).
"""

import copy
import functools
import re
import shlex
import socket
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import click
import jsonschema
import pytest
import yaml
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from ray._private.authentication.authentication_token_generator import generate_new_authentication_token
from ray._private.authentication.authentication_token_setup import _get_default_token_path
from ray.autoscaler._private.aws.config import _create_default_inbound_rules
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts.scripts import start as ray_start

Config = dict[str, Any]

REPOSITORY = Path(__file__).parents[1]
CLUSTER_FILE = REPOSITORY / "cluster.yaml"
OWN_MACHINES_FILE = REPOSITORY / "tests" / "cluster" / "own_machines.yaml"
# Families with NVIDIA GPUs; g4ad has AMD's, g5g needs ARM builds.
GPU_FAMILY = re.compile(r"(?!g4ad|g5g)(g|gr|p)\d")
WHOLE_INTERNET = {"0.0.0.0/0", "::/0"}
TOKEN_FILE = f"~/{_get_default_token_path().relative_to(Path.home())}"
TOKEN_VALUE = re.compile(r"RAY_AUTH_TOKEN(?!_PATH)|[0-9a-f]{32,}")


def problems(config: Config) -> list[str]:
    """The faults of a cluster file, one line each; empty without faults."""
    try:
        prepared = prepare_config(copy.deepcopy(config))
        validate_config(prepared)
    except (ValueError, jsonschema.ValidationError) as error:
        return [f"Ray refuses the file: {error}"]
    checks = [start_problems, installation_problems, authentication_problems]
    if prepared["provider"]["type"] == "aws":
        checks += [machine_problems, cost_problems, spot_problems, inbound_problems]
    return [problem for check in checks for problem in check(prepared)]


def machine_problems(config: Config) -> Iterator[str]:
    """Machines EC2 does not have, and resources a machine does not have."""
    ec2 = ec2_model()
    known_types = set(ec2.shape_for("InstanceType").enum)
    for name, node_type in config["available_node_types"].items():
        node_config, resources = node_type["node_config"], node_type["resources"]
        # Ray adds the counts; its SubnetIds is not EC2's.
        request = {key: value for key, value in node_config.items() if key != "SubnetIds"} | {
            "MinCount": 1,
            "MaxCount": 1,
        }
        report = ParamValidator().validate(request, ec2.operation_model("RunInstances").input_shape)
        if report.has_errors():
            yield f"{name}: EC2 cannot read the node_config: {report.generate_report()}"
        instance_type = str(node_config.get("InstanceType"))
        if instance_type not in known_types:
            yield f"{name}: EC2 has no instance type {instance_type}"
            continue
        has_gpu = GPU_FAMILY.match(instance_type) is not None
        is_head = name == config["head_node_type"]
        if has_gpu == is_head:
            yield f"{name}: the head must have no GPU and a worker one, but got InstanceType={instance_type}"
        if has_gpu != (resources.get("GPU", 0) > 0) or resources.get("CPU", 0) > num_vcpus(instance_type):
            yield f"{name}: resources contradict the machine, but got {resources} on {instance_type}"
        if "IamInstanceProfile" not in node_config:
            yield f"{name}: no IamInstanceProfile, so the machine cannot write to s3://"
    if len({node_type["node_config"].get("ImageId") for node_type in config["available_node_types"].values()}) != 1:
        yield "the machines' ImageId differ, and so may their Python"


@functools.cache
def ec2_model() -> ServiceModel:
    """EC2's interface as the installed botocore describes it: every instance type, every key of a launch."""
    return botocore.session.Session().get_service_model("ec2")


def num_vcpus(instance_type: str) -> int:
    """CPUs of a current EC2 machine by its size: xlarge has 4, 8xlarge 32, large 2."""
    size = re.fullmatch(r"(\d*)xlarge", instance_type.split(".")[1])
    return 4 * int(size[1] or 1) if size else 2


def cost_problems(config: Config) -> Iterator[str]:
    """Workers that would stay, or never come."""
    for name, node_type in config["available_node_types"].items():
        if name != config["head_node_type"] and not 0 == node_type["min_workers"] < node_type["max_workers"]:
            yield f"{name}: workers must come and go with the trials, but got {node_type['min_workers']=}"
    if not 0 < config["idle_timeout_minutes"] <= 30:
        yield f"idle workers must be returned soon, but got {config['idle_timeout_minutes']=}"
    if config["provider"].get("cache_stopped_nodes", True):
        yield "cache_stopped_nodes keeps the disks of stopped machines"


def spot_problems(config: Config) -> Iterator[str]:
    """Heads that may be taken away, and spot machines without a substitute."""
    types = config["available_node_types"]
    spot = {name for name in types if types[name]["node_config"].get("InstanceMarketOptions")}
    if config["head_node_type"] in spot:
        yield "the head must be on demand"
    lasting = [types[name] for name in types.keys() - spot - {config["head_node_type"]}]
    for name in spot:
        priority = types[name].get("priority", 0)
        if not any(each["resources"] == types[name]["resources"] for each in lasting):
            yield f"{name}: no machine on demand has its resources"
        if any(each.get("priority", 0) >= priority for each in lasting):
            yield f"{name}: Ray must start it before machines on demand, but got {priority=}"
        if types[name]["max_workers"] >= config["max_workers"]:
            yield f"{name}: no room is left for a machine on demand"


def start_problems(config: Config) -> Iterator[str]:
    """Start commands that Ray's own command line refuses, or that start something else."""
    for kind in ("head", "worker"):
        place = f"{kind}_start_ray_commands"
        try:
            starts = [found for command in config[place] for found in ray_starts(command)]
        except click.UsageError as error:
            yield f"{place}: {error.format_message()}"
            continue
        if len(starts) != 1:
            yield f"{place}: `ray start` must stand there once, but got {len(starts)}"
            continue
        before, options = starts[0]
        if kind == "head":
            if not (options["head"] and options["port"] == 6379):
                yield f"{place}: expected --head --port=6379"
            if options["autoscaling_config"] != "~/ray_bootstrap_config.yaml":
                yield f"{place}: without --autoscaling-config no worker will ever start"
            if options["dashboard_host"] not in ("127.0.0.1", "localhost"):
                yield f"{place}: the dashboard must stay on loopback, but got {options['dashboard_host']}"
        elif options["head"] or options["address"] != "$RAY_HEAD_IP:6379":
            yield f"{place}: workers must join with --address=$RAY_HEAD_IP:6379"
        if options["object_store_memory"] is not None:
            yield f"{place}: the object store keeps Ray's own size"
        if not re.search(r"\bulimit -n \d+", before):
            yield f"{place}: `ulimit -n` must be raised before `ray start`"
        if not re.search(r"\bexport RAY_AUTH_MODE=token\b", before):
            yield f"{place}: RAY_AUTH_MODE=token must be exported before `ray start`"


def ray_starts(command: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every `ray start` in a shell command: the text before it, and its options as Ray's command line reads them."""
    parts = re.split(r";|&&", command)
    for i in range(len(parts)):
        words = shlex.split(parts[i])
        if words[:2] == ["ray", "start"]:
            yield ";".join(parts[:i]), ray_start.make_context("ray start", words[2:]).params


def installation_problems(config: Config) -> Iterator[str]:
    """Machines without the project, or with another Python or Ray than the rest."""
    mounts = config["file_mounts"]
    if not {"~/gan_study/gan_study", "~/gan_study/pyproject.toml"} <= mounts.keys():
        yield "file_mounts must bring the checkout to ~/gan_study"
    for local in mounts.values():
        if not local.startswith("~") and not (REPOSITORY / local).exists():
            yield f"file_mounts: the checkout has no {local}"
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    for kind in ("head", "worker"):
        commands = "\n".join(config[f"{kind}_setup_commands"])
        if not re.search(r"\bpip install\b.* -e ~/gan_study\b", commands):
            yield f"{kind}_setup_commands: no `pip install -e ~/gan_study`"
        python = re.search(r"\bvenv\b.* --python ([\d.]+)", commands)
        if not python or version(python[1]) < version(project["requires-python"]):
            yield f"{kind}_setup_commands: Python must be {project['requires-python']}"
    head, worker = "\n".join(config["head_setup_commands"]), "\n".join(config["worker_setup_commands"])
    wanted = next(requirement for requirement in project["dependencies"] if requirement.startswith("ray["))
    ray_pin = re.search(r"'ray\[default,tune,train\]==([\d.]+)'", head)
    if not ray_pin or version(ray_pin[1]) < version(wanted):
        yield f"head_setup_commands: one version of Ray must be named, and fit {wanted}"
    synced = [path for path in config["cluster_synced_files"] if f"-c {path}" in worker]
    if not any(f"pip freeze --exclude-editable > {path}" in head for path in synced):
        yield "worker_setup_commands: workers must install the head's versions"


def version(text: str) -> tuple[int, ...]:
    """The numbers of a version or of a lower bound such as `ray[tune]>=2.55`."""
    return tuple(int(part) for part in text.split("=")[-1].split("."))


def authentication_problems(config: Config) -> Iterator[str]:
    """Shells without the token's mode, machines without the token, a token in the file."""
    if TOKEN_FILE not in config["file_mounts"]:
        yield f"file_mounts must bring the token to {TOKEN_FILE}"
    for kind in ("head", "worker"):
        if not re.search(r"RAY_AUTH_MODE=token' >> ~/\.bashrc", "\n".join(config[f"{kind}_setup_commands"])):
            yield f"{kind}_setup_commands: `ray exec` needs RAY_AUTH_MODE=token in ~/.bashrc"
    if TOKEN_VALUE.search(yaml.safe_dump(config, width=10_000)):
        yield "a token must not stand in the file"


def inbound_problems(config: Config) -> Iterator[str]:
    """Ports open to the internet, by the file's own rules or by those Ray adds to a group it makes."""
    rules = config["provider"].get("security_group", {}).get("IpPermissions", [])
    node_configs = [node_type["node_config"] for node_type in config["available_node_types"].values()]
    if not all(node_config.get("SecurityGroupIds") for node_config in node_configs):
        rules = _create_default_inbound_rules({"sg-that-ray-makes"}, rules)
    for rule in rules:
        sources = {source["CidrIp"] for source in rule.get("IpRanges", [])}
        sources |= {source["CidrIpv6"] for source in rule.get("Ipv6Ranges", [])}
        ports = (rule.get("FromPort"), rule.get("ToPort"))
        if sources & WHOLE_INTERNET:
            yield f"inbound rules: ports {ports} are open to the whole internet"
        if sources and ports != (22, 22):
            yield f"inbound rules: only SSH may come from outside, but got ports {ports}"


def firewall_command_problems(text: str) -> Iterator[str]:
    """The rules hold for the commands, too, in the file's comments, that make the security group."""
    commands = [shlex.split(line) for line in commented_lines(text) if "authorize-security-group-ingress" in line]
    if len(commands) < 2:
        yield "the comments must show how to let SSH in, and the cluster's machines among themselves"
    for words in commands:
        options = dict(zip(words[3::2], words[4::2], strict=True))
        if "--cidr" in options and (options["--port"] != "22" or options["--cidr"].endswith("/0")):
            yield f"only SSH may come from outside, and not from everywhere, but got {options}"
        if ("--cidr" in options) == ("--source-group" in options):
            yield f"a rule has one source, but got {options}"


def commented_lines(text: str) -> list[str]:
    """The file's comments without their marks, continued lines joined."""
    lines = [line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#")]
    return "\n".join(lines).replace("\\\n", "").splitlines()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError(f"connects to {args[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def text() -> str:
    return CLUSTER_FILE.read_text()


@pytest.fixture
def config(text: str) -> Config:
    loaded: Config = yaml.safe_load(text)
    return loaded


def test_the_file_has_no_problems(config: Config) -> None:
    assert problems(config) == []


def test_the_file_for_own_machines_has_no_problems() -> None:
    """tests/cluster/ brings a cluster up with it; the commands that install packages are read here alone."""
    assert problems(yaml.safe_load(OWN_MACHINES_FILE.read_text())) == []


def node(config: Config, name: str) -> Config:
    found: Config = config["available_node_types"][name]
    return found


def launch(config: Config, name: str) -> Config:
    found: Config = node(config, name)["node_config"]
    return found


def swap(config: Config, place: str, old: str, new: str) -> None:
    """Replace a part of the commands at `place`, which must hold it."""
    assert any(old in command for command in config[place])
    config[place] = [command.replace(old, new) for command in config[place]]


HEAD_START, WORKER_START = "head_start_ray_commands", "worker_start_ray_commands"
EVERYWHERE = [{"CidrIp": "0.0.0.0/0"}]
OWN_RANGE = [{"CidrIp": "192.0.2.0/24"}]


def allow(config: Config, port: int, **sources: list[dict[str, str]]) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **sources}
    config["provider"]["security_group"] = {"IpPermissions": [rule]}


FAULTS: dict[str, tuple[Callable[[Config], object], str]] = {
    "unknown key": (lambda c: c.update(workers=3), "Ray refuses"),
    "no such head type": (lambda c: c.update(head_node_type="haed"), "Ray refuses"),
    "fractional GPU": (lambda c: node(c, "gpu_spot")["resources"].update(GPU=0.5), "Ray refuses"),
    "nonsense machine": (lambda c: launch(c, "head").update(InstanceType="m7i.gigantic"), "no instance type"),
    "GPU head": (lambda c: launch(c, "head").update(InstanceType="g6.xlarge"), "head must have no GPU"),
    "CPU worker": (lambda c: launch(c, "gpu_spot").update(InstanceType="m7i.xlarge"), "a worker one"),
    "AMD worker": (lambda c: launch(c, "gpu_spot").update(InstanceType="g4ad.xlarge"), "a worker one"),
    "invented GPU": (lambda c: node(c, "head")["resources"].update(GPU=1), "contradict"),
    "hidden GPU": (lambda c: node(c, "gpu_spot")["resources"].pop("GPU"), "contradict"),
    "too many CPUs": (lambda c: node(c, "gpu_spot")["resources"].update(CPU=8), "contradict"),
    "misspelt EC2 key": (lambda c: launch(c, "head").update(IamProfile={}), "cannot read"),
    "worker without rights": (lambda c: launch(c, "gpu_spot").pop("IamInstanceProfile"), "s3://"),
    "two images": (lambda c: launch(c, "head").update(ImageId="ami-1"), "ImageId differ"),
    "workers that stay": (lambda c: node(c, "gpu_spot").update(min_workers=1), "come and go"),
    "no workers": (lambda c: node(c, "gpu_spot").update(max_workers=0), "come and go"),
    "spot head": (lambda c: launch(c, "head").update(InstanceMarketOptions={"MarketType": "spot"}), "on demand"),
    "spot alone": (lambda c: c["available_node_types"].pop("gpu_on_demand"), "no machine on demand has its"),
    "spot last": (lambda c: node(c, "gpu_on_demand").update(priority=1), "before machines on demand"),
    "spot everywhere": (lambda c: node(c, "gpu_spot").update(max_workers=4), "no room is left"),
    "no idle time-out": (lambda c: c.update(idle_timeout_minutes=0), "returned soon"),
    "long idle time-out": (lambda c: c.update(idle_timeout_minutes=600), "returned soon"),
    "stopped machines kept": (lambda c: c["provider"].pop("cache_stopped_nodes"), "disks"),
    "start without ray": (lambda c: c.update({HEAD_START: ["echo hello"]}), "must stand there once"),
    "Ray's own head start": (lambda c: c.pop(HEAD_START), "RAY_AUTH_MODE"),
    "Ray's own worker start": (lambda c: c.pop(WORKER_START), "RAY_AUTH_MODE"),
    "two starts": (lambda c: swap(c, HEAD_START, "ray stop", "ray start --head"), "must stand there once"),
    "unknown option": (lambda c: swap(c, HEAD_START, "--head", "--haed"), "No such option"),
    "headless": (lambda c: swap(c, HEAD_START, "--head ", ""), "expected --head"),
    "no autoscaler": (lambda c: swap(c, HEAD_START, "ray_bootstrap_config", "config"), "no worker"),
    "open dashboard": (lambda c: swap(c, HEAD_START, "127.0.0.1", "0.0.0.0"), "loopback"),
    "worker elsewhere": (lambda c: swap(c, WORKER_START, "$RAY_HEAD_IP", "10.0.0.1"), "must join"),
    "worker as head": (lambda c: swap(c, WORKER_START, "--address=$RAY_HEAD_IP:6379", "--head"), "must join"),
    "object store": (lambda c: swap(c, WORKER_START, "ray start", "ray start --object-store-memory=9"), "own size"),
    "no ulimit": (lambda c: swap(c, WORKER_START, "ulimit -n 65536;", ""), "ulimit"),
    "head without mode": (lambda c: swap(c, HEAD_START, "export RAY_AUTH_MODE=token;", ""), "RAY_AUTH_MODE"),
    "mode disabled": (lambda c: swap(c, WORKER_START, "MODE=token", "MODE=disabled"), "RAY_AUTH_MODE"),
    "shells without mode": (lambda c: swap(c, "setup_commands", " RAY_AUTH_MODE=token", ""), "~/.bashrc"),
    "machines without token": (lambda c: c["file_mounts"].pop(TOKEN_FILE), "bring the token"),
    "token in a command": (lambda c: c["setup_commands"].append(generate_new_authentication_token()), "a token"),
    "token variable": (lambda c: swap(c, HEAD_START, "ulimit", "export RAY_AUTH_TOKEN=hunter2; ulimit"), "a token"),
    "no checkout": (lambda c: c["file_mounts"].pop("~/gan_study/gan_study"), "bring the checkout"),
    "no such file": (lambda c: c["file_mounts"].update({"~/gan_study/x": "setup.cfg"}), "has no setup.cfg"),
    "worker not installed": (lambda c: c.pop("worker_setup_commands"), "no `pip install"),
    "head not installed": (lambda c: swap(c, "head_setup_commands", "-e ~/gan_study ", ""), "no `pip install"),
    "old Python": (lambda c: swap(c, "setup_commands", "3.12", "3.10"), "Python must be"),
    "any Ray": (lambda c: swap(c, "head_setup_commands", "==2.60.0", ""), "one version of Ray"),
    "old Ray": (lambda c: swap(c, "head_setup_commands", "2.60.0", "2.9.3"), "one version of Ray"),
    "worker's own versions": (lambda c: c.update(cluster_synced_files=[]), "head's versions"),
    "head's versions unwritten": (lambda c: c["head_setup_commands"].pop(), "head's versions"),
    "group that Ray makes": (lambda c: launch(c, "head").pop("SecurityGroupIds"), "(22, 22) are open"),
    "SSH for all": (lambda c: allow(c, 22, IpRanges=EVERYWHERE), "(22, 22) are open"),
    "SSH for all, IPv6": (lambda c: allow(c, 22, Ipv6Ranges=[{"CidrIpv6": "::/0"}]), "(22, 22) are open"),
    "dashboard for some": (lambda c: allow(c, 8265, IpRanges=OWN_RANGE), "only SSH"),
}


@pytest.mark.parametrize(("plant", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_found(config: Config, plant: Callable[[Config], object], expected: str) -> None:
    plant(config)

    assert expected in "\n".join(problems(config))


def test_ssh_from_an_own_range_is_no_problem(config: Config) -> None:
    allow(config, 22, IpRanges=OWN_RANGE)

    assert problems(config) == []


def test_the_firewall_commands_let_in_ssh_from_one_address_only(text: str) -> None:
    assert list(firewall_command_problems(text)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("--cidr $MY_ADDRESS/32", "--cidr 0.0.0.0/0"),
        ("--port 22", "--port 0-65535"),
        ("--cidr $MY_ADDRESS/32", ""),
        ("--source-group $GROUP", "--cidr ::/0 --port 22"),
        ("authorize-security-group-ingress", "describe-security-groups"),
    ],
)
def test_a_fault_in_the_firewall_commands_is_found(text: str, old: str, new: str) -> None:
    assert old in text

    assert list(firewall_command_problems(text.replace(old, new))) != []


def test_the_comments_show_the_whole_round_with_a_shared_run_folder(text: str) -> None:
    commands = "\n".join(commented_lines(text))

    for command in (
        "ray up cluster.yaml",
        "ray attach cluster.yaml",
        "ray dashboard cluster.yaml",
        "ray down cluster.yaml",
    ):
        assert command in commands
    submit = next(line for line in commented_lines(text) if line.startswith("ray exec cluster.yaml --tmux"))
    inner = shlex.split(submit)[4]
    assert "python -m gan_study run studies/lsgan_vs_wgan.yaml" in inner
    assert "--address auto" in inner
    assert "--out s3://$BUCKET/runs" in inner
    assert not TOKEN_VALUE.search(text)
