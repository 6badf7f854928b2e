"""Certificate pictures: a bundle as PDF, PNG or SVG, which carries its own proof."""

from signedcert.render.renderer import Renderer
from signedcert.render.sheet import Branding, Sheet

__all__ = ["Branding", "Renderer", "Sheet"]
