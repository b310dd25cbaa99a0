"""Every demo, run as a user runs it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

for package in ("graphviz", "hypothesis", "matplotlib", "scipy", "sklearn", "tqdm"):
    pytest.importorskip(package, reason="the demos need: pip install 'scalar-autograd[demos]'")
Image = pytest.importorskip("PIL.Image", reason="comes with matplotlib")

ROOT = Path(__file__).parents[1]
DEMOS = ("moons", "backpropagation", "expressions", "rosenbrock", "sine")


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=120)


def demo(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return python("-m", f"demos.{name}", *arguments)


def twice(name: str, *options: object, out: Path) -> subprocess.CompletedProcess[str]:
    """Run a demo, with a folder that is to be made, and check that the same seed writes the same files once more."""
    again = out.with_name("again")
    ended = demo(name, *options, "--out", out)
    assert demo(name, *options, "--out", again).stdout.replace(str(again), str(out)) == ended.stdout
    assert written(again) == written(out)
    return ended


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_pictures(ended: subprocess.CompletedProcess[str], folder: Path, *names: str) -> None:
    """Check that these files, and no others, are announced, there, and pictures of something."""
    announced = [line.removeprefix("wrote ") for line in ended.stdout.splitlines() if line.startswith("wrote ")]
    assert announced == [str(folder / name) for name in names]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    for name in names:
        check_picture(folder / name)


def check_picture(path: Path) -> None:
    if path.suffix == ".html":
        assert path.read_text(encoding="utf-8").startswith("<!doctype html>\n")
    elif path.suffix == ".svg":
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    else:
        with Image.open(path) as image:
            assert image.format == path.suffix[1:].upper()
            assert min(image.size) > 200
            assert any(low < high for low, high in image.convert("RGB").getextrema())  # not of one colour


MOONS = (
    "moons_boundary.png",
    "moons_loss.png",
    "moons_network.svg",
    "moons_network.png",
    "moons_neuron.svg",
    "moons_neuron.png",
    "moons_small_loss.svg",
    "moons_small_loss.png",
    "moons_explorer.html",
)


def test_moons_learns(tmp_path):
    ended = demo("moons", "--epochs", 40, "--out", tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("two moons: 100 points, MLP(2, [16, 16, 1], 'relu', 'linear') with 337 parameters")
    assert "training took " in ended.stdout
    assert "target reached: accuracy " in ended.stdout
    assert "40/40" in ended.stderr  # the progress bar ...
    assert "loss 0." in ended.stderr  # ... with the loss
    assert "accuracy 9" in ended.stderr
    check_pictures(ended, tmp_path, *MOONS)
    neuron = (tmp_path / "moons_neuron.svg").read_text(encoding="utf-8")
    assert all(f">{text}<" in neuron for text in ("w0", "w1", "b", "x0", "x1", "dot", "relu", "output"))
    loss = (tmp_path / "moons_small_loss.svg").read_text(encoding="utf-8")
    assert all(f">{text}<" in loss for text in ("n1.w0", "n2.w1", "n3.b", "tanh", "score", "loss"))
    page = (tmp_path / "moons_explorer.html").read_text(encoding="utf-8")
    assert all(f'"{text}"' in page for text in ("layers.2.neurons.0.bias", "x0", "x1", "score", "loss"))


def test_moons_says_when_it_has_not_learned_enough_and_a_film_changes_nothing_else(tmp_path):
    plain, filmed = tmp_path / "plain", tmp_path / "filmed"
    for folder, *film in ((plain,), (filmed, "--film")):
        ended = demo("moons", "--epochs", 3, *film, "--out", folder)
        assert ended.returncode == 1
        assert ended.stdout.endswith("target MISSED: accuracy 83.0%, at least 97% wanted\n")
        check_pictures(ended, folder, *MOONS, *["moons_film.gif" for _ in film])  # to see why
    assert [(plain / name).read_bytes() for name in MOONS] == [(filmed / name).read_bytes() for name in MOONS]
    check_film(filmed / "moons_film.gif", 3)


def check_film(path: Path, epochs: int) -> None:
    with Image.open(path) as film:
        assert (film.format, film.n_frames, film.info["loop"]) == ("GIF", epochs, 0)
        pictures, durations = [], []
        for place in range(film.n_frames):
            film.seek(place)
            pictures.append(film.convert("RGB").tobytes())
            durations.append(film.info["duration"])
    assert len(set(pictures)) == epochs  # something happens in each
    assert durations == [120] * (epochs - 1) + [3000]


def test_expressions(tmp_path):
    folder = tmp_path / "made" / "deeper"
    ended = twice("expressions", out=folder)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "    f = x * y + math.sin(x)\n    f.backward()\n" in ended.stdout  # the lines that ran
    assert "∂f/∂y = 2.7, by hand the same" in ended.stdout
    assert "Hessian of x²y: [[5.2, 5.4], [5.4, 0.0]]" in ended.stdout
    assert ended.stdout.endswith("\n\ntarget reached: 15 of 15 numbers as found by hand\n")
    names = [f"expressions_{name}.{suffix}" for name in ("gradients", "loops") for suffix in ("svg", "png")]
    check_pictures(ended, folder, *names)


def test_expressions_says_when_a_number_differs(tmp_path):
    script = (
        "from demos import expressions as e; e.TOLERANCE = 0.0; e.math.sin = e.math.cos; raise SystemExit(e.main())"
    )
    ended = python("-c", script, "--out", tmp_path)
    assert ended.returncode == 1
    assert "∂f/∂x = 2.17262012, by hand 1.69592785798" in ended.stdout
    assert "target MISSED: " in ended.stdout


def test_expressions_survives_a_terminal_without_its_characters(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert demo("expressions", "--out", tmp_path).returncode == 0


def test_rosenbrock(tmp_path):
    ended = twice("rosenbrock", "--variables", 4, "--seed", 5, out=tmp_path / "made")
    assert (ended.returncode, ended.stderr) == (0, "")
    exact, differences, values = (line.split(")")[1].split() for line in ended.stdout.splitlines()[3:6])
    assert int(exact[1]) < int(differences[1]) < int(values[1])  # evaluations
    assert float(exact[-1]) <= 1e-8 < float(differences[-1])  # distances
    assert "(seed 5)" in ended.stdout
    assert "target reached: distance " in ended.stdout
    check_pictures(ended, tmp_path / "made", "rosenbrock_walks.png")


def test_rosenbrock_says_when_it_has_not_arrived(tmp_path):
    script = "from demos import rosenbrock; rosenbrock.TARGET = -1.0; raise SystemExit(rosenbrock.main())"
    ended = python("-c", script, "--variables", 2, "--out", tmp_path)
    assert ended.returncode == 1
    assert "target MISSED: distance " in ended.stdout


def test_sine_learns(tmp_path):
    ended = demo("sine", "--epochs", 250, "--out", tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("sine: 31 points, MLP(1, [8, 8, 1], 'tanh', 'linear') with 97 parameters, seed 0\n")
    assert "target reached: mean squared error " in ended.stdout
    assert "250/250" in ended.stderr
    check_pictures(ended, tmp_path, "sine_fit.png")


def test_sine_says_when_it_has_not_learned_enough(tmp_path):
    ended = demo("sine", "--epochs", 1, "--out", tmp_path)
    assert ended.returncode == 1
    assert "target MISSED: mean squared error " in ended.stdout


def test_backpropagation(tmp_path):
    ended = demo("backpropagation", "--out", tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("backpropagation: MLP(2, [3, 2, 1], 'sigmoid', 'sigmoid') with 20 parameters, seed ")
    for formula in (
        "δᴸ = ∂C/∂aᴸ · σ′(zᴸ)",
        "δ³₁ = (a³₁ − y) · σ′(z³₁) = (0.4936 − 1) · 0.25 = −0.1266",
        "∂C/∂bˡ = δˡ      ∂C/∂Wˡ = δˡ (aˡ⁻¹)ᵀ",
        "∂C/∂w³₁₂ = δ³₁ · a²₂ = (−0.1266) · 0.7427 = −0.09401",
        "δˡ⁻¹ = (Wˡ)ᵀ δˡ · σ′(zˡ⁻¹)",
        "δ¹₁ = (w²₁₁ · δ²₁ + w²₂₁ · δ²₂) · σ′(z¹₁)",
        "    = (2.487 · 0.0327 + 0.7307 · (−0.07001)) · 0.08552 = 0.00258",
        "θ ← θ − η · ∂C/∂θ",
    ):
        assert f"\n    {formula}" in ended.stdout
    assert ended.stdout.count("→ The engine finds the same, to") == 10
    assert ended.stdout.endswith("target reached: every formula agrees with the engine to 1e-12\n")
    check_pictures(ended, tmp_path, "backpropagation.html")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("paper.slope = lambda z: paper.sigma(z) * 0.5", "δ³₁ is -0.1249"),
        ("b.differentiate = lambda f, x: [b.Estimate(0.25, 1e-9)]", "∂C/∂w³₁₁ is -0.1115"),
        ("b.TOLERANCE = 0.0; paper.exp = lambda x: 2.718281828459 ** x", "a¹₁ is 0.9055"),
    ],
)
def test_backpropagation_says_when_a_formula_is_wrong(change, reason, tmp_path):
    script = f"from demos import backpropagation as b, paper; {change}; raise SystemExit(b.main())"
    ended = python("-c", script, "--out", tmp_path)
    assert ended.returncode == 1
    assert f"target MISSED: not the same: {reason}" in ended.stdout
    assert ended.stdout.splitlines()[-1].count(" by the engine") == 1


def test_misconceptions():
    ended = demo("misconceptions")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "0. Is the engine right as it is?\n\n   Value: no mistake found in " in ended.stdout
    assert "\n   - x.grad += z.grad\n   - y.grad += z.grad\n   + x.grad = z.grad\n   + y.grad = z.grad" in ended.stdout
    for smallest in (
        "a = Value(1.0)|b = a + a|b.backward()|a.grad  # is 1, should be 2",
        "a = Value(1.0)|b = -a|c = b + b|c.backward()|a.grad  # is -4, should be -2",
        "a = Value(1.0)|b = -a|c = -b|c.backward()|a.grad = 0.0|c.backward()|a.grad  # is 2, should be 1",
        "x = 1: the gradient is 2, should be 2|x = 0.5: the gradient is 3, should be 1",
    ):
        assert "\n      " + smallest.replace("|", "\n      ") in ended.stdout
    assert "   diagnose: `=` where `+=` belongs, in a + b, a + 2, 2 + a\n" in ended.stdout
    assert ended.stdout.endswith("\n\ntarget reached: 14 of 14 mistakes found, none in the engine as it is\n")


def test_misconceptions_says_when_a_mistake_is_not_found():
    script = (
        "from dataclasses import replace; from demos import misconceptions as m\n"
        "harmless = replace(m.MISCONCEPTIONS[0], new=m.MISCONCEPTIONS[0].old)\n"
        "m.MISCONCEPTIONS = (harmless,)\n"
        "raise SystemExit(m.main())"
    )
    ended = python("-c", script)
    assert ended.returncode == 1
    assert ended.stdout.endswith("target MISSED: 1 of 2 mistakes found, none in the engine as it is\n")


def test_misconceptions_says_when_the_engine_is_wrong():
    script = (
        "from demos import misconceptions as m\n"
        "m.engine.Value = m.MISCONCEPTIONS[0].engine()\n"
        "m.MISCONCEPTIONS = ()\n"
        "raise SystemExit(m.main())"
    )
    ended = python("-c", script)
    assert ended.returncode == 1
    assert "0. Is the engine right as it is?\n" in ended.stdout
    assert "\n   Value: 1 mistake found\n" in ended.stdout
    assert ended.stdout.endswith("target MISSED: 1 of 1 mistakes found, but the engine is wrong as it is\n")


@pytest.mark.parametrize("name", [*DEMOS, "misconceptions"])
def test_help(name):
    ended = demo(name, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"usage: python -m demos.{name} ")
    assert "--seed" in ended.stdout
    assert ("--out" in ended.stdout) == ("(default: pictures)" in ended.stdout) == (name in DEMOS)


def test_options_are_read_before_anything_is_imported_that_takes_long():
    script = (
        f"import sys; from demos import {', '.join(DEMOS)}\n"
        "print({'PIL', 'hypothesis', 'matplotlib', 'numpy', 'scipy', 'sklearn'} & set(sys.modules))"
    )
    assert python("-c", script).stdout == "set()\n"


def test_a_reader_may_have_read_enough(tmp_path):
    command = [sys.executable, "-u", "-m", "demos.expressions", "--out", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
        reading.stdout.close()
        assert (reading.stderr.read(), reading.wait()) == (b"", 1)


@pytest.mark.parametrize("name", DEMOS)
def test_a_folder_that_cannot_be_written_to_is_known_before_any_work_is_done(name, tmp_path):
    (tmp_path / "file").write_text("in the way")
    ended = demo(name, "--out", tmp_path / "file" / "pictures")
    assert (ended.returncode, ended.stdout) == (2, "")
    reason = f"cannot write to {str(tmp_path / 'file' / 'pictures')!r}: {os.strerror(errno.ENOTDIR)}"
    assert ended.stderr == f"error: {reason}; choose another folder with --out\n"


@pytest.mark.parametrize(
    ("options", "name"),
    [(["expressions"], "expressions_gradients.svg"), (["rosenbrock", "--variables", 2], "rosenbrock_walks.png")],
)
def test_a_file_that_cannot_be_written(options, name, tmp_path):
    (tmp_path / name).mkdir()
    ended = demo(*options, "--out", tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1
    assert f"cannot write {str(tmp_path / name)!r}: " in ended.stderr.replace("write to", "write")


@pytest.mark.parametrize(
    ("name", "option", "given", "expected"),
    [
        ("expressions", "--seed", "-1", "got '-1'; expected a whole number from 0 to 4294967295"),
        ("expressions", "--seed", "2**32", "got '2**32'; expected a whole number from 0 to 4294967295"),
        ("moons", "--epochs", "0", "got '0'; expected a whole number from 1 on"),
        ("rosenbrock", "--variables", "1", "got '1'; expected a whole number from 2 on"),
    ],
)
def test_options_out_of_range(name, option, given, expected, tmp_path):
    ended = demo(name, f"{option}={given}", "--out", tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith(f"error: argument {option}: {expected}\n")
