"""Street scenes drawn by rule: the same minute each time, with the truth of what is in every frame."""

from simulate.scenes.catalogue import SCENES, Scene, scene
from simulate.scenes.render import Rendered, files, render_all, render_scene, truth

__all__ = ["SCENES", "Rendered", "Scene", "files", "render_all", "render_scene", "scene", "truth"]
