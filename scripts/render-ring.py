#!/usr/bin/env python3
"""Renders the sample rings of fixtures/: a pavé solitaire in three metals, path-traced by Blender's Cycles.

    python3.11 -m venv /tmp/blender && /tmp/blender/bin/pip install bpy==4.2.0 pillow
    /tmp/blender/bin/python scripts/render-ring.py fixtures

A file's number is its angle in degrees; the piece turns counter-clockwise seen from above. Frames that are there already are kept, so
that a render that was stopped goes on. `--points` prints where the hotspots of fixtures/solitaire.toml lie instead.

Each angle is rendered once, in yellow gold; `in_metal` takes the other metals from that.

Lengths are millimetres. The ring stands in the plane of x and z around the origin, the stone's axis is z, and the camera looks along y.
"""

import argparse
import math
import tempfile
from pathlib import Path

# Blender's other modules exist once this one is there.
import bpy

import bmesh
import numpy
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Matrix, Vector
from PIL import Image

# The finger hole of size 52, and a band that is a little heavier below than at the stone.
FINGER = 8.3
# One carat: the girdle's radius, and its height over the ring's centre.
STONE = 3.25
GIRDLE = 13.05
CLAWS = 6
# Brilliants on each shoulder: the first one's angle from the top, radius of the first and the last.
PAVE = 9
PAVE_FROM = math.radians(13)
PAVE_RADII = (0.66, 0.52)

# What polished metal reflects of each colour, in linear light; and the degrees between the frames of each.
RENDERED = "yellow-gold"
METALS = {
    RENDERED: (1.00, 0.71, 0.33),
    "rose-gold": (0.95, 0.61, 0.49),
    "platinum": (0.76, 0.76, 0.765),
}
STEPS = {RENDERED: 5, "rose-gold": 10, "platinum": 10}
DIAMOND = 2.417

# The camera looks down on the ring by this angle.
ELEVATION = math.radians(25)
# How far the ring is turned to the left in frame 0.
START = math.radians(-36)


def blend(x, low, high):
    """0 below `low`, 1 above `high`, and smooth between."""
    t = numpy.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def mesh(name, vertices, faces, material, smooth):
    data = bpy.data.meshes.new(name)
    data.from_pydata([tuple(map(float, v)) for v in vertices], [], faces)
    data.polygons.foreach_set("use_smooth", [smooth] * len(data.polygons))
    data.materials.append(material)
    part = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(part)
    return part


def grid(name, points, material, closed):
    """A smooth surface through `points` (rows, columns, 3). Columns are always closed; rows where `closed`."""
    rows, columns = points.shape[:2]
    faces = [
        (r * columns + c, r * columns + (c + 1) % columns, (r + 1) % rows * columns + (c + 1) % columns, (r + 1) % rows * columns + c)
        for r in range(rows if closed else rows - 1)
        for c in range(columns)
    ]
    return mesh(name, points.reshape(-1, 3), faces, material, True)


def brilliant(radius):
    """The corners of a round brilliant of 57 facets, its girdle's middle in the origin: the facets are their convex hull."""
    crown, pavilion = math.tan(math.radians(34.5)), math.tan(math.radians(40.8))
    table, girdle = 0.56, 0.03
    eighth = math.pi / 4

    def at(r, angle, z):
        return numpy.array([r * math.cos(angle), r * math.sin(angle), z])

    top = girdle / 2 + (1 - table) * crown
    culet = -girdle / 2 - pavilion
    # The tips of the stars lie halfway between table and girdle, those of the lower halves 77 % of the way to the culet.
    star, lower = 0.5 * (table * math.cos(eighth / 2) + 1), 0.23 / math.cos(eighth / 2)
    corners = [at(0, 0, culet)]
    planes = []
    for k in range(8):
        here, between = k * eighth, (k + 0.5) * eighth
        tip = at(star, between, top - (star * math.cos(eighth / 2) - table) * crown)
        low = at(lower, between, culet + lower * math.cos(eighth / 2) * pavilion)
        corners += [at(table, here, top), tip, low]
        for end in (here, here + eighth):
            for apex, z in ((tip, girdle / 2), (low, -girdle / 2)):
                a, b = at(1, end, z), at(1, between, z)
                normal = numpy.cross(a - apex, b - apex)
                planes.append((apex, normal, math.copysign(1, z)))
    # The girdle is round, so that the halves cut it into scallops.
    for angle in numpy.linspace(0, 2 * math.pi, 96, endpoint=False):
        p = at(1, angle, 0)
        heights = [(o[2] - ((p - o)[0] * n[0] + (p - o)[1] * n[1]) / n[2], side) for o, n, side in planes]
        corners.append(at(1, angle, min(z for z, side in heights if side > 0)))
        corners.append(at(1, angle, max(z for z, side in heights if side < 0)))
    return numpy.array(corners) * radius


def cut_stone(name, radius, material):
    shape = bmesh.new()
    for corner in brilliant(radius):
        shape.verts.new(corner)
    bmesh.ops.convex_hull(shape, input=shape.verts)
    data = bpy.data.meshes.new(name)
    shape.to_mesh(data)
    shape.free()
    data.materials.append(material)
    return data


def spline(knots, count):
    """A Catmull-Rom curve through `knots`."""
    knots = numpy.array(knots, float)
    padded = numpy.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    points = []
    for x in numpy.linspace(0, len(knots) - 1 - 1e-9, count):
        i, t = int(x), x - int(x)
        a, b, c, d = padded[i : i + 4]
        points.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return numpy.array(points)


def wire(name, path, radii, material):
    """A round wire along `path`, in a plane through the z axis, with half a ball at its end."""
    path, radii = list(path), list(radii)
    direction = (path[-1] - path[-2]) / numpy.linalg.norm(path[-1] - path[-2])
    end, radius = path[-1], radii[-1]
    for a in numpy.linspace(0, math.pi / 2, 10)[1:]:
        path.append(end + direction * radius * math.sin(a))
        radii.append(max(radius * math.cos(a), 1e-4))
    path = numpy.array(path)
    along = numpy.gradient(path, axis=0)
    along /= numpy.linalg.norm(along, axis=1)[:, None]
    side = numpy.cross(along, numpy.array([-path[0][1], path[0][0], 0]) / math.hypot(*path[0][:2]))
    other = numpy.cross(along, side)
    turn = numpy.linspace(0, 2 * math.pi, 32, endpoint=False)
    ring = numpy.cos(turn)[None, :, None] * side[:, None, :] + numpy.sin(turn)[None, :, None] * other[:, None, :]
    return grid(name, path[:, None, :] + ring * numpy.array(radii)[:, None, None], material, False)


def torus(name, radius, z, thick, high, material):
    turn = numpy.linspace(0, 2 * math.pi, 128, endpoint=False)[:, None]
    tube = numpy.linspace(0, 2 * math.pi, 32, endpoint=False)[None, :]
    r = radius + thick * numpy.cos(tube)
    points = numpy.stack([r * numpy.cos(turn), r * numpy.sin(turn), z + high * numpy.sin(tube) + 0 * turn], axis=-1)
    return grid(name, points, material, True)


def sphere(name, radius, material):
    turn = numpy.linspace(0, 2 * math.pi, 20, endpoint=False)[None, :]
    height = numpy.linspace(-math.pi / 2 + 1e-3, math.pi / 2 - 1e-3, 14)[:, None]
    points = radius * numpy.stack(
        [numpy.cos(height) * numpy.cos(turn), numpy.cos(height) * numpy.sin(turn), numpy.sin(height) + 0 * turn], axis=-1
    )
    return grid(name, points, material, False)


def half_width(angle):
    """Half of the band's width; `angle` is measured from the top."""
    return 1.02 + 0.14 * blend(numpy.abs(angle), math.radians(60), math.pi)


def thickness(angle):
    return 1.62 + 0.1 * blend(numpy.abs(angle), math.radians(60), math.pi)


def pave_stones():
    """(angle from the top, radius) of the brilliants on the right shoulder; they lie close to each other."""
    stones, angle = [], PAVE_FROM
    for k in range(PAVE):
        radius = PAVE_RADII[0] + (PAVE_RADII[1] - PAVE_RADII[0]) * k / (PAVE - 1)
        outer = FINGER + float(thickness(angle))
        if stones:
            angle = stones[-1][0] + (stones[-1][1] + radius + 0.07) / outer
        stones.append((angle, radius))
    return stones


def between(stones):
    """(angle from the top, radius of a brilliant beside it) of the beads: before, between and after the brilliants."""
    _, last = stones[-1]
    inner = [(angle - radius / 10 - (0.0035 if k else 0), radius) for k, (angle, radius) in enumerate(stones)]
    return [*inner, (stones[-1][0] + last / 10, last)]


def on_shoulder(side, angle, across, out):
    """Where something stands radially on the band: `side` is -1 or 1, `across` is from the middle and `out` from the face."""
    outer = FINGER + float(thickness(angle))
    return Matrix.Rotation(side * angle, 4, "Y") @ Matrix.Translation((0, across, outer + out))


def seats(arc, across):
    """How deep the seats of the pavé lie below the band's face, at `arc` from the top and `across` from the middle."""
    depth = numpy.zeros(numpy.broadcast_shapes(arc.shape, across.shape))
    for angle, radius in pave_stones():
        outer = FINGER + float(thickness(angle))
        away = numpy.hypot((numpy.abs(arc) - angle) * outer, across)
        inside = numpy.clip(radius * 1.03 - away, 0, None)
        depth = numpy.maximum(depth, numpy.where(inside > 0, 0.08 + 0.9 * inside, 0))
    return depth


def band(material):
    """A comfort-fit band: the outer face slightly domed, its edges rounded, the inside bulging to the finger; seats for the pavé."""
    rows = 2400
    angle = numpy.linspace(-math.pi, math.pi, rows, endpoint=False)[:, None]
    half, thick = half_width(angle), thickness(angle)
    bevel, drop, dome, comfort = 0.50, 0.85, 0.04, 0.22
    face = numpy.linspace(-1, 1, 81)[None, :]
    quarter = numpy.linspace(0, math.pi / 2, 12)[None, 1:-1]
    flat = half - bevel
    outer = FINGER + thick

    # Counter-clockwise through (across, radius): outer face, edge, side and inside; then the other side.
    across = [face * flat, flat + bevel * numpy.sin(quarter)]
    radius = [outer - dome * face**2 , outer - dome - drop * (1 - numpy.cos(quarter))]
    inner = numpy.linspace(1, -1, 41)[None, :]
    across.append(half * inner)
    radius.append(FINGER + comfort * inner**2 + 0.25 * blend(numpy.abs(inner), 0.8, 1.0) ** 2 + 0 * angle)
    across.append(-flat - bevel * numpy.cos(quarter))
    radius.append(outer - dome - drop * (1 - numpy.sin(quarter)))
    across = numpy.concatenate([a + 0 * angle for a in across], axis=1)
    radius = numpy.concatenate(radius, axis=1)
    radius = radius - numpy.where(radius > FINGER + 0.5, seats(angle, across), 0)
    points = numpy.stack([radius * numpy.sin(angle), across, radius * numpy.cos(angle)], axis=-1)
    return grid("band", points, material, True)


def ring(metal, stone):
    """All parts, below one empty that turns."""
    axis = bpy.data.objects.new("axis", None)
    bpy.context.collection.objects.link(axis)
    parts = [band(metal)]

    centre = bpy.data.objects.new("stone", cut_stone("stone", STONE, stone))
    centre.matrix_world = Matrix.Translation((0, 0, GIRDLE)) @ Matrix.Rotation(math.radians(11.25), 4, "Z")
    bpy.context.collection.objects.link(centre)
    parts.append(centre)

    # Claws: out of the band, along the pavilion, over the girdle and onto the crown.
    knots = [(0.55, -3.7), (0.85, -2.95), (1.65, -2.05), (2.55, -1.2), (3.2, -0.5), (3.46, 0.05), (3.38, 0.42), (3.08, 0.64), (2.86, 0.78)]
    profile = spline(knots, 60)
    run = numpy.linspace(0, 1, 60)
    radii = 0.38 - 0.11 * blend(run, 0.0, 0.6) + 0.04 * blend(run, 0.75, 1.0)
    for k in range(CLAWS):
        a = 2 * math.pi * k / CLAWS
        path = numpy.stack([profile[:, 0] * math.cos(a), profile[:, 0] * math.sin(a), GIRDLE + profile[:, 1]], axis=-1)
        parts.append(wire("claw", path, radii, metal))
    parts.append(torus("gallery", 2.28, GIRDLE - 1.42, 0.20, 0.22, metal))
    parts.append(torus("collar", 0.92, GIRDLE - 2.85, 0.24, 0.22, metal))

    # Pavé: brilliants that stand radially in their seats, and pairs of beads between them that hold their girdles.
    stones = pave_stones()
    for side in (-1, 1):
        for k, (angle, radius) in enumerate(stones):
            gem = bpy.data.objects.new("pave", cut_stone("pave", radius, stone))
            gem.matrix_world = on_shoulder(side, angle, 0, -0.07) @ Matrix.Rotation(0.4 * k, 4, "Z")
            bpy.context.collection.objects.link(gem)
            parts.append(gem)
        for angle, radius in between(stones):
            for across in (-0.845 * radius, 0.845 * radius):
                bead = sphere("bead", 0.17, metal)
                bead.matrix_world = on_shoulder(side, angle, across, 0)
                parts.append(bead)
    for part in parts:
        part.parent = axis
    return axis


def polished(colour):
    material = bpy.data.materials.new("metal")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    gloss = nodes.new("ShaderNodeBsdfAnisotropic")
    gloss.distribution = "GGX"
    gloss.inputs["Roughness"].default_value = 0.07
    gloss.inputs["Color"].default_value = (*colour, 1)
    links.new(gloss.outputs[0], nodes.new("ShaderNodeOutputMaterial").inputs["Surface"])
    return material


def diamond():
    material = bpy.data.materials.new("diamond")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    glass = nodes.new("ShaderNodeBsdfGlass")
    glass.inputs["Roughness"].default_value = 0
    glass.inputs["IOR"].default_value = DIAMOND
    links.new(glass.outputs[0], nodes.new("ShaderNodeOutputMaterial").inputs["Surface"])
    return material


class Tent:
    """A jeweller's light tent as an equirectangular picture. Azimuth 0 is behind the camera, 90 to the right; heights are angles."""

    WIDTH, HEIGHT = 2048, 1024

    def __init__(self):
        longitude = ((numpy.arange(self.WIDTH) + 0.5) / self.WIDTH - 0.5) * 2 * math.pi
        latitude = (((numpy.arange(self.HEIGHT) + 0.5) / self.HEIGHT) - 0.5)[:, None] * math.pi
        self.x = numpy.cos(latitude) * numpy.cos(longitude)
        self.y = numpy.cos(latitude) * -numpy.sin(longitude)
        self.z = numpy.sin(latitude) + 0 * self.x
        self.azimuth = numpy.degrees(numpy.arctan2(self.x, -self.y))
        self.height = numpy.degrees(numpy.arcsin(self.z))
        self.light = numpy.zeros((self.HEIGHT, self.WIDTH, 3))

    def card(self, azimuth, height, wide, tall, strength, soft):
        """A rectangle of light, or a dark one, with an edge of `soft` degrees."""
        away = numpy.abs((self.azimuth - azimuth + 180) % 360 - 180)
        across = 1 - blend(away, (wide - soft) / 2, (wide + soft) / 2)
        upright = 1 - blend(numpy.abs(self.height - height), (tall - soft) / 2, (tall + soft) / 2)
        inside = (across * upright)[:, :, None]
        self.light = self.light * (1 - inside) + strength * inside

    def ceiling(self, height, strength):
        inside = blend(self.height, height - 4, height + 4)[:, :, None]
        self.light = self.light * (1 - inside) + strength * inside

    def point(self, azimuth, height, size, colour):
        a, h = math.radians(azimuth), math.radians(height)
        cosine = self.x * math.sin(a) * math.cos(h) - self.y * math.cos(a) * math.cos(h) + self.z * math.sin(h)
        inside = blend(cosine, math.cos(math.radians(size * 1.2)), math.cos(math.radians(size * 0.8)))[:, :, None]
        self.light = self.light * (1 - inside) + numpy.array(colour) * inside

    def image(self, name):
        image = bpy.data.images.new(name, self.WIDTH, self.HEIGHT, float_buffer=True)
        image.colorspace_settings.name = "Non-Color"
        pixels = numpy.ones((self.HEIGHT, self.WIDTH, 4), numpy.float32)
        pixels[:, :, :3] = self.light
        image.pixels.foreach_set(pixels.ravel())
        return image


def tent_of_the_metal():
    """Soft and large: bright boxes with dark cards between them, which draw the band's form."""
    tent = Tent()
    rise = blend(tent.z, -0.35, 0.85)
    # Behind the piece it is darker, so that its edges stand out on a white page; not black, for those on a dark one.
    behind = 1 - 0.45 * blend(tent.y, 0.1, 0.9) * (1 - blend(tent.z, 0.4, 0.9))
    tent.light[:] = ((0.34 + 0.7 * rise) * behind)[:, :, None]
    tent.card(-58, 36, 60, 48, 2.1, 14)
    tent.card(62, 26, 38, 70, 1.8, 14)
    tent.card(-132, 24, 20, 76, 2.0, 8)
    tent.card(138, 26, 24, 70, 2.0, 8)
    tent.ceiling(66, 1.8)
    tent.card(6, 14, 26, 56, 0.10, 16)
    tent.card(98, 8, 18, 90, 0.08, 10)
    tent.card(-98, 6, 16, 90, 0.08, 10)
    tent.card(-10, -38, 130, 30, 1.15, 20)
    tent.card(180, -42, 130, 30, 0.55, 14)
    return tent.image("tent of the metal")


def tent_of_the_stone():
    """What is seen through the stones: a bright tent with sharp dark cards, which make facets, and points of light, some coloured: fire."""
    tent = Tent()
    tent.light[:] = (0.42 + 0.5 * blend(tent.z, -0.2, 0.9))[:, :, None]
    dice = numpy.random.default_rng(11)
    for azimuth in range(-180, 180, 30):
        tent.card(azimuth + dice.uniform(-6, 6), dice.uniform(20, 46), dice.uniform(10, 18), dice.uniform(22, 40), 3.4, 2)
    for azimuth in range(-165, 195, 30):
        tent.card(azimuth + dice.uniform(-6, 6), dice.uniform(15, 60), dice.uniform(8, 13), dice.uniform(30, 60), 0.04, 2)
    tent.card(0, 22, 22, 22, 0.10, 3)
    fire = [(8, 8, 8), (0.5, 1.6, 6), (8, 8, 8), (6, 1.6, 0.2), (0.3, 3.6, 2.0), (3.6, 0.4, 3.0)]
    for k in range(120):
        tent.point(dice.uniform(-180, 180), dice.uniform(5, 80), dice.uniform(1.2, 3.0), fire[k % len(fire)])
    return tent.image("tent of the stone")


def studio():
    """Rays that leave a stone see the stone's tent, all others the metal's."""
    world = bpy.data.worlds.new("studio")
    bpy.context.scene.world = world
    world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    choose = nodes.new("ShaderNodeMixRGB")
    links.new(nodes.new("ShaderNodeLightPath").outputs["Is Transmission Ray"], choose.inputs["Fac"])
    for image, into in ((tent_of_the_metal(), "Color1"), (tent_of_the_stone(), "Color2")):
        surround = nodes.new("ShaderNodeTexEnvironment")
        surround.image = image
        links.new(surround.outputs["Color"], choose.inputs[into])
    links.new(choose.outputs[0], nodes["Background"].inputs["Color"])
    # All surfaces are mirrors or glass: light is found by following them, not by aiming at it.
    world.cycles.sampling_method = "NONE"


def camera(size):
    scene = bpy.context.scene
    eye = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(eye)
    target, distance = Vector((0, 0, 2.15)), 130
    eye.location = target + distance * Vector((0, -math.cos(ELEVATION), math.sin(ELEVATION)))
    eye.rotation_euler = (math.pi / 2 - ELEVATION, 0, 0)
    eye.data.sensor_width = 36
    # The frame is this many millimetres wide at the ring.
    eye.data.lens = 36 * distance / 26.2
    scene.camera = eye
    scene.render.resolution_x = scene.render.resolution_y = size


def quality(samples):
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.film_transparent = True
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.image_settings.color_depth = "32"
    scene.render.filter_size = 1.3
    scene.render.use_persistent_data = True
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.film_transparent_glass = False
    cycles.samples = samples
    cycles.use_adaptive_sampling = True
    cycles.adaptive_threshold = 0.02
    cycles.max_bounces = 18
    cycles.transmission_bounces = 18
    cycles.glossy_bounces = 12
    cycles.sample_clamp_indirect = 12
    cycles.caustics_reflective = cycles.caustics_refractive = True
    cycles.blur_glossy = 0
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.denoising_prefilter = "FAST"


def build(size, samples):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    studio()
    camera(size)
    quality(samples)
    return ring(polished(METALS[RENDERED]), diamond())


def frame_piece(axis):
    """Only where the piece is there is something to render, and to denoise."""
    scene = bpy.context.scene
    bpy.context.view_layer.update()
    corners = [
        world_to_camera_view(scene, scene.camera, part.matrix_world @ Vector(corner)) for part in axis.children for corner in tight(part)
    ]
    air = 0.008
    scene.render.use_border = True
    scene.render.border_min_x = max(0, min(c.x for c in corners) - air)
    scene.render.border_max_x = min(1, max(c.x for c in corners) + air)
    scene.render.border_min_y = max(0, min(c.y for c in corners) - air)
    scene.render.border_max_y = min(1, max(c.y for c in corners) + air)


def tight(part):
    """Some of a part's vertices: of the band, which has the most, every 37th."""
    vertices = part.data.vertices
    return [vertices[k].co for k in range(0, len(vertices), 37 if len(vertices) > 10_000 else 1)]


def render(axis, angle):
    """One frame in linear light: height, width, and red, green, blue (not multiplied) and alpha."""
    axis.rotation_euler = (0, 0, START + math.radians(angle))
    frame_piece(axis)
    with tempfile.TemporaryDirectory() as folder:
        bpy.context.scene.render.filepath = f"{folder}/frame.exr"
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(f"{folder}/frame.exr")
        width, height = image.size
        pixels = numpy.empty(width * height * 4, numpy.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
    # Blender's first row is the lowest one.
    pixels = pixels.reshape(height, width, 4)[::-1].astype(float)
    pixels[:, :, :3] /= numpy.maximum(pixels[:, :, 3:], 1e-6)
    return pixels


def in_metal(light, metal):
    """What the rendered ring would be in another metal.

    The metal's tent is white, so that light of k reflections is the k-th power of the metal's reflectance, and the three colours of the
    render are the same function of it at three places. Between them it is nearly a parabola. Fire is coloured by itself, and is kept:
    it is where the colours are not in the metal's order.
    """
    (a, b, c), (red, green, blue) = METALS[RENDERED], numpy.moveaxis(light[:, :, :3], 2, 0)
    first = (green - red) / (b - a)
    second = ((blue - green) / (c - b) - first) / (c - a)
    order = blend(numpy.minimum(red - green, green - blue) / numpy.maximum(red, 1e-6), 0.0, 0.04)
    result = light.copy()
    for channel, m in enumerate(METALS[metal]):
        other = numpy.maximum(red + (m - a) * (first + (m - b) * second), 0)
        result[:, :, channel] += order * (other - result[:, :, channel])
    return result


def write(light, file):
    """Writes lossless WebP in sRGB. The file appears when it is complete."""
    light = numpy.clip(light, 0, 1)
    curve = numpy.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    curve[:, :, 3] = light[:, :, 3]
    part = file.with_suffix(".part")
    Image.fromarray((255 * curve + 0.5).astype(numpy.uint8), "RGBA").save(part, "WEBP", lossless=True, quality=100, method=4)
    part.rename(file)


def print_hotspots():
    """Prints the points of the product's hotspots: the stone's table, and the middle of the right shoulder while it faces the camera."""
    scene = bpy.context.scene
    angle = pave_stones()[PAVE // 2][0]
    places = {
        "stone": (Matrix.Translation((0, 0, GIRDLE + 0.5)), range(0, 361, 360)),
        "pave": (on_shoulder(1, angle, 0, 0), range(200, 401, 20)),
    }
    for name, (place, degrees) in places.items():
        print(name)
        for degree in degrees:
            turned = Matrix.Rotation(START + math.radians(degree), 4, "Z") @ place
            seen = world_to_camera_view(scene, scene.camera, turned.translation)
            toward = scene.camera.matrix_world.translation - turned.translation
            facing = toward.normalized().dot(turned.col[2].to_3d())
            print(f"    {{ degree = {degree}, x = {seen.x:.3f}, y = {1 - seen.y:.3f} }},  # faces the camera by {facing:.2f}")


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("into", type=Path, help="the folder of the folders solitaire-METAL")
    ask.add_argument("--angles", help="these only, with commas between them")
    ask.add_argument("--size", type=int, default=640)
    ask.add_argument("--samples", type=int, default=32)
    ask.add_argument("--points", action="store_true", help="print the points of the hotspots, and render nothing")
    given = ask.parse_args()
    # Coarse first: what there is can be looked at.
    angles = [int(a) for a in given.angles.split(",")] if given.angles else sorted(range(360), key=lambda a: a % 10 != 0)

    axis = build(given.size, given.samples)
    if given.points:
        bpy.context.view_layer.update()
        return print_hotspots()
    for metal in METALS:
        (given.into / f"solitaire-{metal}").mkdir(parents=True, exist_ok=True)
    for angle in angles:
        files = {m: given.into / f"solitaire-{m}" / f"{angle:03}.webp" for m, step in STEPS.items() if angle % step == 0}
        if all(file.exists() for file in files.values()):
            continue
        light = render(axis, angle)
        for metal, file in files.items():
            write(in_metal(light, metal), file)


if __name__ == "__main__":
    main()
