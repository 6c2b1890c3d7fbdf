"""What is published: a wheel of one package that breaks nobody, and a source distribution that builds and tests it.

Both are built in copies of the checkout, by the backend and by pip, and installed into environments of their own.
"""

import email
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from tests.support.made_once import make_once
from tests.support.peer_programs import REPOSITORY, leave_out

SECONDS = 300
BUILT = ("adapters", "distribution", "domain", "entrypoints", "step_ott")
FILES = ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.cfg")
SDIST = "import one_package; print(one_package.build_sdist('dist'))"
WHEEL = "import one_package; print(one_package.build_wheel('dist'))"
HOME = tempfile.TemporaryDirectory(prefix="home-")
"""For pip, which makes its own folders in a home, even where there was none; gone with this process."""

PIP_CACHE = os.environ.get("PIP_CACHE_DIR") or os.path.expanduser("~/.cache/pip")


def run(*words: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program without the settings of the tests' own process."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "PATH", "HTTPS_"))}
    return subprocess.run(
        list(map(str, words)), cwd=cwd,
        env={**kept, "HOME": HOME.name, "PIP_CACHE_DIR": PIP_CACHE, **(environment or {})},
        capture_output=True, text=True, check=False, timeout=SECONDS, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def build(code: str, checkout: Path) -> Path:
    """Return what a hook of the backend builds in dist/, called as PEP 517 says."""
    (checkout / "dist").mkdir(exist_ok=True)
    done = run(sys.executable, "-c", code, cwd=checkout, environment={"PYTHONPATH": str(checkout / "distribution")})
    assert done.returncode == 0, done.stderr
    return checkout / "dist" / done.stdout.splitlines()[-1]


def copy_checkout(target: Path) -> Path:
    """Return a copy of what a wheel is built from, with all that may lie about in a checkout."""
    for name in BUILT:
        shutil.copytree(REPOSITORY / name, target / name)
    for name in FILES:
        shutil.copy(REPOSITORY / name, target / name)
    strays = (
        "domain/__pycache__/errors.cpython-311.pyc", "domain/errors.pyc", "domain/notes.txt", "domain/.errors.py.swp",
        "domain/errors.py~", "adapters/errors 2.py", "adapters/jose/fast.so", "step_ott/ca.py.orig", "step_ott/.env",
    )  # fmt: skip
    for name in strays:
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).write_bytes(b"stray")
    return target


def list_files(checkout: Path) -> list[str]:
    """Return the files and folders of a checkout, but for what Python compiles."""
    return sorted(str(path.relative_to(checkout)) for path in checkout.rglob("*") if "__pycache__" not in path.parts)


@pytest.fixture(scope="session")
def wheel_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in use, where the wheel was built, and what was there before that."""

    def make(folder: Path) -> None:
        checkout = copy_checkout(folder / "checkout")
        (folder / "before.json").write_text(json.dumps(list_files(checkout)))
        build(WHEEL, checkout)

    return make_once(tmp_path_factory, "wheel", make)


@pytest.fixture(scope="session")
def wheel(wheel_checkout: Path) -> Path:
    """The wheel of a checkout in use."""
    (built,) = (wheel_checkout / "checkout" / "dist").iterdir()
    return built


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of this checkout, as git has it."""
    (built,) = (make_once(tmp_path_factory, "sdist", _build_sdist) / "dist").iterdir()
    return built


def _build_sdist(checkout: Path) -> None:
    listed = run("git", "ls-files", "-co", "--exclude-standard", cwd=REPOSITORY)
    names = listed.stdout.splitlines() if listed.returncode == 0 else []
    if not names:
        leave_out("no git checkout here")
    for name in filter(lambda name: (REPOSITORY / name).is_file(), names):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, checkout / name)
    build(SDIST, checkout)


@pytest.fixture(scope="session")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one folder in the source distribution."""

    def make(target: Path) -> None:
        with tarfile.open(sdist) as archive:
            archive.extractall(target, filter="data")

    (folder,) = make_once(tmp_path_factory, "unpacked", make).iterdir()
    return folder


@pytest.fixture(scope="session")
def neighbours(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel, and with others' packages by the names of our layers."""

    def make(path: Path) -> None:
        venv.create(path, with_pip=False)  # the tests' own installs there, for one of its own takes seconds to make
        for words in ([str(wheel)], ["--no-deps", "entrypoints", "adapters"]):
            done = run_pip(path / "bin" / "python", "install", "--quiet", *words, cwd=path)
            if done.returncode:
                leave_out(f"pip cannot install here: {done.stderr[-2000:]}")

    return make_once(tmp_path_factory, "neighbours", make) / "bin" / "python"


def run_pip(python: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run pip for the environment of a Python."""
    return run(sys.executable, "-m", "pip", "--python", python, *words, cwd=cwd)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody's project, with a package `domain` of its own, and others by the names of our folders."""
    for name in ("domain", "adapters", "entrypoints", "tests", "distribution"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"OWNER = 'the project, by {name}'\n")
    return tmp_path


def read_metadata(wheel: Path) -> Message:
    """Return METADATA of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_string(archive.read(name).decode())


# -- The wheel --------------------------------------------------------------------------------------


def test_the_wheel_has_one_package_and_only_its_modules(wheel: Path) -> None:
    """Every module of the checkout, the mark of types, and nothing that lay about."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    modules = {
        str(path.relative_to(REPOSITORY) if layer == "step_ott" else Path("step_ott", path.relative_to(REPOSITORY)))
        for layer in ("step_ott", "domain", "adapters", "entrypoints")
        for path in (REPOSITORY / layer).rglob("*.py")
    }
    marks = {f"step_ott{layer}/py.typed" for layer in ("", "/domain", "/adapters", "/entrypoints")}
    assert set(names) == modules | marks
    assert len(names) == len(set(names))


def test_the_same_checkout_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    """Built elsewhere, at another time, and by a user whose files nobody else may read."""
    checkout = copy_checkout(tmp_path)
    other = build(f"import os; os.umask(0o077); {WHEEL}", checkout)
    assert other.read_bytes() == wheel.read_bytes()


def test_a_build_leaves_the_checkout_as_it_was(wheel_checkout: Path, wheel: Path) -> None:
    """It may be read-only, or be shared by several builds."""
    before = json.loads((wheel_checkout / "before.json").read_text())
    assert "domain/errors.py" in before
    assert set(list_files(wheel_checkout / "checkout")) - set(before) == {"dist", f"dist/{wheel.name}"}


def test_the_metadata_says_who_and_for_which_pythons(wheel: Path) -> None:
    """Author, addresses, and a classifier for every Python that `make pythons` tries."""
    metadata = read_metadata(wheel)
    assert metadata["Author"] == "The step-ott developers"
    assert metadata.get_all("Project-URL")
    tried = re.findall(r"^PYTHONS \?= (.*)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)[0].split()
    named = re.findall(r"Python :: (3\.\d+)$", "\n".join(metadata.get_all("Classifier", [])), re.MULTILINE)
    assert named == tried and len(tried) >= 3
    assert metadata["Requires-Python"] == f">={tried[0]}"


def test_no_link_of_the_description_is_relative(wheel: Path) -> None:
    """Whoever reads it has no checkout: a link has a scheme, or leads within the page."""
    page = str(read_metadata(wheel).get_payload())
    targets = re.findall(r"\]\(([^)]*)\)", page)
    assert targets and all(re.match(r"https://|#", target) for target in targets), targets
    assert "docs/library.md" in page


def test_a_named_repository_makes_the_links_absolute(tmp_path: Path) -> None:
    """One line of setup.cfg is all that a release writes; what the links name is in the repository."""
    checkout, source = copy_checkout(tmp_path), "https://git.example.com/us/step-ott"
    settings = (checkout / "setup.cfg").read_text()
    settings = settings.replace("    # Source = https://HOST/OWNER/step-ott", f"    Source = {source}")
    (checkout / "setup.cfg").write_text(settings)
    metadata = read_metadata(build(WHEEL, checkout))
    assert f"Source, {source}" in metadata.get_all("Project-URL", [])
    linked = re.findall(rf"\]\({source}/blob/v{metadata['Version']}/([^)#]*)", str(metadata.get_payload()))
    assert len(linked) > 10 and all((REPOSITORY / path).exists() for path in linked), linked


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("domain/odd.py", "import domain.errors\n", "domain/odd.py: line 1: write 'from"),
        ("adapters/jose/odd.py", "x = f'adapters.{1}'\n", "adapters/jose/odd.py: line 1: a module of ours is named"),
        ("step_ott/odd.py", "from . import ca\n", "odd.py: line 1: a relative import"),
        ("domain/odd.py", "from tests.support import running\n", "it imports tests, which the wheel does not have"),
        ("domain/odd.py", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "it is not UTF-8"),
        ("domain/odd/module.py", "x = 1\n", "domain/odd/module.py: there is no __init__.py beside it"),
        ("step_ott/domain.py", "x = 1\n", "step_ott/domain would be in the place of domain/"),
        ("step_ott/adapters/__init__.py", "", "step_ott/adapters would be in the place of adapters/"),
    ],
    ids=["plain import", "f-string", "relative", "tests", "latin-1", "no package", "own module", "own folder"],
)  # fmt: skip
def test_a_layout_that_the_wheel_cannot_have_fails_the_build(
    path: str, text: str | bytes, said: str, tmp_path: Path
) -> None:
    """The error names the file, and no wheel is there."""
    checkout = copy_checkout(tmp_path)
    (checkout / "tests").mkdir()
    (checkout / "tests" / "__init__.py").write_text("")
    (checkout / path).parent.mkdir(exist_ok=True)
    (checkout / path).write_bytes(text if isinstance(text, bytes) else text.encode())
    done = run(sys.executable, "-c", WHEEL, cwd=checkout, environment={"PYTHONPATH": "distribution"})
    assert done.returncode != 0 and said in done.stderr.splitlines()[-1], done.stderr
    assert not list(checkout.rglob("*.whl"))


def test_the_lowest_versions_that_are_tried_are_the_bounds(wheel: Path) -> None:
    """`make lowest` runs on what the metadata promises, for all that step-ott requires."""
    listed = re.findall(r"^LOWEST := (.*)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)[0].split()
    required = [one for one in read_metadata(wheel).get_all("Requires-Dist", []) if "extra ==" not in one]
    padded = {re.sub(r"(?:\.0)+$", "", one.replace(">=", "==")) for one in required}
    assert {re.sub(r"(?:\.0)+$", "", one) for one in listed} == padded


# -- Installed --------------------------------------------------------------------------------------


LOOK = """
import entrypoints
from importlib.util import find_spec
print(find_spec('domain'), find_spec('adapters').origin, entrypoints.__file__, hasattr(entrypoints, 'EntryPoint'))
"""


def test_nothing_of_ours_is_beside_the_package(neighbours: Path, tmp_path: Path) -> None:
    """`import domain` finds nothing; the others' `entrypoints` and `adapters` are theirs, whole."""
    domain, adapters, entrypoints, is_theirs = run(neighbours, "-c", LOOK, cwd=tmp_path).stdout.split()
    assert (domain, is_theirs) == ("None", "True")
    assert entrypoints.endswith("site-packages/entrypoints.py") and adapters.endswith("adapters/__init__.py")
    listed = run_pip(neighbours, "show", "--files", "step-ott", cwd=tmp_path).stdout.split("Files:")[1].split()
    assert {re.sub(r"-.*", "", name.split("/")[0]) for name in listed} == {"step_ott", ".."}
    assert [name for name in listed if name.startswith("..")] == ["../../../bin/step-ott"]


PROGRAM = """
import domain, adapters, entrypoints, step_ott
assert all(package.OWNER.startswith('the project') for package in (domain, adapters, entrypoints))
ca = step_ott.CA('https://127.0.0.1:1', root='ca/certs/root_ca.crt')
assert ca.url == 'https://127.0.0.1:1' and step_ott.Token and step_ott.Signer
try:
    step_ott.JwkIssuer(ca, password=b'it is not asked for')
except step_ott.NetworkError as error:  # nobody listens: all of the way there is loaded
    print(type(error).__module__)
"""


def test_a_project_with_packages_of_the_same_names_has_program_and_api(neighbours: Path, project: Path) -> None:
    """With the project in front of all else on the path, both find what is theirs."""
    path = {"PYTHONPATH": ".", "NO_PROXY": "*"}
    program = neighbours.with_name("step-ott")
    for command in ([program], [neighbours, "-m", "step_ott"]):
        done = run(*command, "version", cwd=project, environment=path)
        assert (done.returncode, done.stdout.split()[0]) == (0, "step-ott"), done.stderr
    assert run(program, "sandbox", "ca", cwd=project, environment=path).returncode == 0
    place = {**path, "STEPPATH": str(project / "ca")}
    done = run(program, "token", "web", "--offline", cwd=project, environment=place)
    assert (done.returncode, done.stdout.count(".")) == (0, 2), done.stderr
    (project / "hosts.txt").write_text("a\nb\n")
    done = run(program, "batch", "hosts.txt", "--offline", cwd=project, environment=place)
    assert (done.returncode, done.stdout.count("\n")) == (0, 2), done.stderr
    done = run(program, "doctor", "--offline", "--format", "json", cwd=project, environment=place)
    checks = {check["rule"]: check["outcome"] for check in json.loads(done.stdout)["checks"]}
    assert (done.returncode, checks["token"]) == (0, "passed"), done.stdout
    done = run(program, "completion", "bash", cwd=project, environment=place)
    assert done.returncode == 0 and "step-ott" in done.stdout
    done = run(neighbours, "-c", PROGRAM, cwd=project, environment=path)
    assert (done.returncode, done.stdout) == (0, "step_ott.domain.errors\n"), done.stderr


def test_types_are_known_where_it_is_installed(neighbours: Path, tmp_path: Path) -> None:
    """A user's program is checked by mypy --strict against the wheel, and an error of theirs is found."""
    (tmp_path / "right.py").write_text("import step_ott\n\nca: step_ott.CA\ncaught = step_ott.StepOttError\n")
    (tmp_path / "wrong.py").write_text("import step_ott\n\nstep_ott.CA(5, root=6.0)\n")
    check = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        neighbours,
        "--cache-dir",
        tmp_path / "cache",
    ]
    done = run(*check, "right.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "arg-type" in run(*check, "wrong.py", cwd=tmp_path).stdout


# -- The source distribution ------------------------------------------------------------------------


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, unpacked: Path) -> None:
    """Not only one that works."""
    assert build(WHEEL, unpacked).read_bytes() == wheel.read_bytes()


def test_the_source_distribution_has_all_of_the_repository(unpacked: Path) -> None:
    """What git has, and the metadata that setuptools adds; its README's links are those of the wheel."""
    tracked = set(run("git", "ls-files", cwd=REPOSITORY).stdout.splitlines())
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert {name for name in tracked if (REPOSITORY / name).is_file()} <= there
    information = (unpacked / "PKG-INFO").read_text()
    assert not re.findall(r"\]\((?!https://|#)", information)


def test_the_source_distribution_is_the_same_bytes_each_time(sdist: Path, tmp_path: Path) -> None:
    """Nothing of the machine, the user or the time is in it."""
    again = build(SDIST.replace("'dist'", repr(str(tmp_path))), sdist.parent.parent)
    assert (tmp_path / again.name).read_bytes() == sdist.read_bytes()
    with tarfile.open(sdist) as archive:
        assert {(member.uid, member.uname, member.mode) for member in archive if member.isfile()} <= {
            (0, "", 0o644),
            (0, "", 0o755),
        }


def test_the_tests_of_the_source_distribution_run(unpacked: Path) -> None:
    """A quick share of them, by the Python that runs these."""
    chosen = ["tests/rules/test_duration.py", "tests/rules/test_jwk.py", "tests/test_architecture.py"]
    done = run(sys.executable, "-m", "pytest", "-p", "no:xdist", *chosen, cwd=unpacked)
    assert done.returncode == 0 and "passed" in done.stdout, done.stdout[-2000:]


def test_an_editable_installation_is_the_checkout(tmp_path: Path) -> None:
    """The layers are top level there, as in the checkout, and both ways to the program are there."""
    code = "import one_package; print(one_package.build_editable('dist'))"
    made = build(code, copy_checkout(tmp_path))
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
        (points,) = [archive.read(name).decode() for name in names if name.endswith("entry_points.txt")]
    assert not [name for name in names if name.startswith(tuple(f"{layer}/" for layer in BUILT))]
    assert "step-ott = entrypoints.cli:run" in points


@pytest.mark.parametrize("kind", ["checkout", "sdist"])
def test_pip_installs_from_a_checkout_and_from_a_source_distribution(kind: str, sdist: Path, tmp_path: Path) -> None:
    """By pip's own way of building, which fetches setuptools for it."""
    target = tmp_path / "installed"
    origin = sdist if kind == "sdist" else sdist.parent.parent
    words = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", target, origin]
    done = run(sys.executable, *words, cwd=tmp_path)
    if done.returncode and "No matching distribution" in done.stderr:
        leave_out("pip cannot fetch setuptools here")
    assert done.returncode == 0, done.stderr
    tops = {path.name for path in target.iterdir()} - {"bin"}
    assert {re.sub(r"-.*", "", name) for name in tops} == {"step_ott"} and len(tops) == 2, tops
