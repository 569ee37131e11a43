"""Draws a scene's mesh with OpenGL (a software driver is enough): picture and depth.

One draw call for the shadow map of the main light, one for the scene, one pass over the
screen for ambient occlusion, sky, haze and exposure. A pixel may be the mean of several
samples. Depth is along the optical axis, in metres, inf where the sky is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import moderngl
import numpy as np

from ..camera import Camera
from .mesh import FIELDS

SHADOW_SIZE = 1024

_VERTEX = """
#version 330
uniform mat4 view_projection; uniform mat4 light_matrix; uniform vec3 eye; uniform vec3 forward;
in vec3 position; in vec3 normal; in vec2 uv; in vec3 colour; in float layer; in float gloss;
out vec3 p; out vec3 n; out vec2 t; out vec3 c; flat out float l; out float g; out vec4 s; out float z;
void main() {
  p = position; n = normal; t = uv; c = colour; l = layer; g = gloss;
  s = light_matrix * vec4(position, 1.0);
  z = dot(position - eye, forward);
  gl_Position = view_projection * vec4(position, 1.0);
}
"""

_SHADOW_FRAGMENT = """
#version 330
uniform sampler2DArray textures;
in vec2 t; flat in float l;
void main() {
  if (l >= 0.0 && texture(textures, vec3(t, l)).a < 0.5) discard;
}
"""

_FRAGMENT = """
#version 330
uniform sampler2DArray textures; uniform sampler2DShadow shadow;
uniform vec3 eye; uniform vec4 light; uniform vec3 light_colour; uniform float light_fall;
uniform vec3 ambient_up; uniform vec3 ambient_down;
uniform vec4 lamps[4]; uniform vec3 lamp_colours[4];
in vec3 p; in vec3 n; in vec2 t; in vec3 c; flat in float l; in float g; in vec4 s; in float z;
out vec4 result;
float hash(vec3 q) { return fract(sin(dot(q, vec3(12.99, 78.23, 37.72))) * 43758.5453); }
float noise(vec3 q) {
  vec3 i = floor(q), f = fract(q); f = f * f * (3.0 - 2.0 * f);
  return mix(mix(mix(hash(i), hash(i + vec3(1,0,0)), f.x),
                 mix(hash(i + vec3(0,1,0)), hash(i + vec3(1,1,0)), f.x), f.y),
             mix(mix(hash(i + vec3(0,0,1)), hash(i + vec3(1,0,1)), f.x),
                 mix(hash(i + vec3(0,1,1)), hash(i + vec3(1,1,1)), f.x), f.y), f.z);
}
void main() {
  vec3 albedo = c;
  if (l >= 0.0) {
    vec4 x = texture(textures, vec3(t, l));
    if (x.a < 0.5) discard;
    albedo *= pow(x.rgb, vec3(2.2));
  }
  albedo *= 0.75 + 0.3 * noise(p * 1.3) + 0.2 * noise(p * 9.0);
  vec3 v = normalize(eye - p);
  vec3 m = normalize(n);
  if (dot(m, v) < 0.0) m = -m;
  vec3 to_light = light.w > 0.5 ? light.xyz - p : light.xyz;
  float distance2 = light.w > 0.5 ? dot(to_light, to_light) : 1.0;
  to_light = normalize(to_light);
  vec3 q = s.xyz / s.w * 0.5 + 0.5;
  float lit = 1.0;
  if (s.w > 0.0 && all(greaterThan(q, vec3(0.001))) && all(lessThan(q, vec3(0.999)))) {
    lit = 0.0;
    float bias = light.w > 0.5 ? 0.0006 : 0.0015;
    for (int i = 0; i < 4; i++) {
      vec2 o = vec2(i & 1, i >> 1) * 1.4 - 0.7;
      lit += 0.25 * texture(shadow, vec3(q.xy + o / 1024.0, q.z - bias));
    }
  }
  float diffuse = max(dot(m, to_light), 0.0);
  vec3 h = normalize(v + to_light);
  float shine = g * pow(max(dot(m, h), 0.0), 40.0);
  vec3 direct = light_colour * lit / (1.0 + light_fall * distance2);
  vec3 sum = mix(ambient_down, ambient_up, 0.5 + 0.5 * m.z) * albedo + direct * (albedo * diffuse + 0.4 * shine);
  for (int i = 0; i < 4; i++) {
    vec3 d = lamps[i].xyz - p;
    sum += lamp_colours[i] * albedo * (0.3 + 0.7 * max(dot(m, normalize(d)), 0.0)) / (1.0 + lamps[i].w * dot(d, d));
  }
  sum += g * 0.15 * pow(1.0 - max(dot(m, v), 0.0), 3.0) * ambient_up;
  result = vec4(sum, z);
}
"""

_SCREEN_VERTEX = """
#version 330
in vec2 corner; out vec2 uv;
void main() { uv = corner * 0.5 + 0.5; gl_Position = vec4(corner, 0.0, 1.0); }
"""

_SCREEN_FRAGMENT = """
#version 330
uniform sampler2D scene; uniform vec2 focal; uniform float occlusion; uniform vec3 haze;
uniform float haze_length; uniform vec3 sky_low; uniform vec3 sky_high; uniform float cloud;
uniform mat3 to_world; uniform vec2 half_size; uniform vec2 centre; uniform float exposure; uniform float seed;
in vec2 uv; out vec4 result;
float hash(vec2 q) { return fract(sin(dot(q, vec2(127.1, 311.7)) + seed) * 43758.5453); }
float noise(vec2 q) {
  vec2 i = floor(q), f = fract(q); f = f * f * (3.0 - 2.0 * f);
  return mix(mix(hash(i), hash(i + vec2(1,0)), f.x), mix(hash(i + vec2(0,1)), hash(i + vec2(1,1)), f.x), f.y);
}
void main() {
  vec4 x = texture(scene, uv);
  vec2 pixel = vec2(uv.x, 1.0 - uv.y) * half_size * 2.0 - 0.5;
  vec3 ray = vec3((pixel - centre) / focal, 1.0);
  vec3 colour;
  if (x.a <= 0.0) {
    vec3 w = normalize(to_world * ray);
    float up = clamp(w.z, 0.0, 1.0);
    vec2 q = w.xy / (0.15 + up) * 1.5;
    float c = noise(q) * 0.5 + noise(q * 2.1) * 0.3 + noise(q * 4.3) * 0.2;
    colour = mix(sky_low, sky_high, pow(up, 0.6));
    colour = mix(colour, vec3(dot(sky_low, vec3(0.4))), smoothstep(0.5, 0.75, c) * cloud);
  } else {
    float shade = 0.0;
    float angle = hash(pixel) * 6.283;
    for (int i = 0; i < 10; i++) {
      float r = 0.35 * (float(i) + 0.7) / 10.0;
      angle += 2.4;
      vec2 o = vec2(cos(angle), sin(angle)) * r * focal / (half_size * 2.0) / x.a;
      float other = texture(scene, uv + o).a;
      if (other > 0.0) {
        float closer = x.a - other;
        shade += smoothstep(0.015 * x.a, 0.06 * x.a + 0.02, closer) * (1.0 - smoothstep(0.3, 0.9, closer));
      }
    }
    colour = x.rgb * (1.0 - occlusion * shade / 10.0);
    colour = mix(haze, colour, exp(-x.a / haze_length));
  }
  colour *= exposure;
  result = vec4(pow(clamp(colour / (1.0 + 0.25 * colour) , 0.0, 1.0), vec3(1.0 / 2.2)), x.a);
}
"""


@dataclass
class Light:
    """The light of a scene; colours are linear radiance.

    main: (x, y, z, 1) a lamp at that place or (x, y, z, 0) a sun in that direction; lamps:
    up to four (x, y, z, fall) without shadows. ground is the point the shadows centre on.
    """

    main: tuple[float, float, float, float]
    main_colour: tuple[float, float, float]
    main_fall: float
    ambient_up: tuple[float, float, float]
    ambient_down: tuple[float, float, float]
    lamps: list[tuple[tuple[float, float, float, float], tuple[float, float, float]]] = \
        field(default_factory=list)
    sky_low: tuple[float, float, float] = (1.0, 1.0, 1.0)
    sky_high: tuple[float, float, float] = (0.4, 0.6, 1.0)
    cloud: float = 0.5
    haze_length: float = 1e6
    occlusion: float = 0.8


@dataclass(frozen=True)
class Pose:
    """Where a camera stands: eye [m], and the rows of the rotation from world to camera
    (x right, y down, z forward)."""

    eye: np.ndarray
    rotation: np.ndarray


def look(eye: np.ndarray, yaw: float, tilt: float, roll: float) -> Pose:
    """A camera looking along the horizontal direction yaw (0: along y), tilted up, rolled [rad]."""
    forward = np.array([np.sin(yaw) * np.cos(tilt), np.cos(yaw) * np.cos(tilt), np.sin(tilt)])
    right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    return Pose(np.asarray(eye, float),
                np.stack((c * right + s * down, -s * right + c * down, forward)))


def _view_projection(pose: Pose, camera: Camera, near: float, far: float) -> np.ndarray:
    """The 4x4 matrix from world to clip space of a pinhole camera."""
    k = np.zeros((4, 4))
    k[0, 0], k[0, 2] = 2 * camera.f / camera.width, (2 * camera.cx + 1) / camera.width - 1
    k[1, 1], k[1, 2] = -2 * camera.f / camera.height, 1 - (2 * camera.cy + 1) / camera.height
    k[2, 2], k[2, 3] = (far + near) / (far - near), -2 * far * near / (far - near)
    k[3, 2] = 1
    view = np.eye(4)
    view[:3, :3] = pose.rotation
    view[:3, 3] = -pose.rotation @ pose.eye
    return k @ view


def _light_matrix(light: Light, centre: np.ndarray, radius: float) -> np.ndarray:
    """From world to the shadow map's clip space."""
    main = np.array(light.main[:3], float)
    if light.main[3] > 0.5:
        pose = look(main, 0.0, -np.pi / 2 + 1e-3, 0.0)
        return _view_projection(pose, Camera(0.25 * SHADOW_SIZE, SHADOW_SIZE / 2, SHADOW_SIZE / 2,
                                             SHADOW_SIZE, SHADOW_SIZE), 0.15, 20)
    forward = -main / np.linalg.norm(main)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    rows = np.stack((right, np.cross(forward, right), forward))
    m = np.eye(4)
    m[:3, :3] = rows / radius
    m[:3, 3] = -(rows @ centre) / radius
    m[2] = np.append(forward, -forward @ centre) / (3 * radius)
    return m


class Renderer:
    """Holds the OpenGL context and the textures; draws one scene at a time."""

    def __init__(self, textures: np.ndarray, size: tuple[int, int], samples: int = 1) -> None:
        """textures [n, h, w, 4] uint8; size (width, height); samples along a pixel's side."""
        self.size = size
        self.samples = samples
        self.context = moderngl.create_context(standalone=True, backend="egl")
        c = self.context
        n, h, w = textures.shape[:3]
        self.textures = c.texture_array((w, h, n), 4, np.ascontiguousarray(textures).tobytes())
        self.textures.build_mipmaps()
        self.textures.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self.shadow_map = c.depth_texture((SHADOW_SIZE, SHADOW_SIZE))
        self.shadow_map.compare_func = "<="
        self.shadow_frame = c.framebuffer(depth_attachment=self.shadow_map)
        big = (size[0] * samples, size[1] * samples)
        self.colour = c.texture(big, 4, dtype="f4")
        self.colour.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self.frame = c.framebuffer([self.colour], c.depth_renderbuffer(big))
        self.out = c.texture(big, 4, dtype="f4")
        self.screen = c.framebuffer([self.out])
        self.program = c.program(_VERTEX, _FRAGMENT)
        self.shadow_program = c.program(_VERTEX, _SHADOW_FRAGMENT)
        self.screen_program = c.program(_SCREEN_VERTEX, _SCREEN_FRAGMENT)
        corners = np.array([-1, -1, 3, -1, -1, 3], np.float32)
        self.full = c.vertex_array(self.screen_program, [(c.buffer(corners), "2f", "corner")])
        self.buffer: moderngl.Buffer | None = None

    def load(self, mesh: np.ndarray, light: Light, centre: np.ndarray, radius: float) -> None:
        """Takes a scene and draws the shadows of its main light, `radius` about `centre`."""
        if self.buffer is not None:
            for thing in (self.array, self.shadow_array, self.buffer):
                thing.release()
        self.buffer = self.context.buffer(np.ascontiguousarray(mesh, np.float32).tobytes())
        names = ("position", "normal", "uv", "colour", "layer", "gloss")
        self.array = self.context.vertex_array(
            self.program, [(self.buffer, "3f 3f 2f 3f 1f 1f", *names)])
        self.shadow_array = self.context.vertex_array(
            self.shadow_program, [(self.buffer, "3f 3x4 2f 3x4 1f 1x4", "position", "uv", "layer")])
        self.light = light
        self.light_matrix = _light_matrix(light, centre, radius)
        self._set(self.shadow_program, view_projection=self.light_matrix)
        self.shadow_frame.use()
        self.shadow_frame.clear(depth=1.0)
        self.context.enable(moderngl.DEPTH_TEST)
        self.textures.use(0)
        self.shadow_array.render()

    @staticmethod
    def _set(program: moderngl.Program, **values: object) -> None:
        """Sets the uniforms the program has kept; matrices are given row by row."""
        for name, value in values.items():
            if name in program:
                if isinstance(value, np.ndarray) and value.ndim == 2 and name != "lamps" \
                        and name != "lamp_colours":
                    program[name].write(np.ascontiguousarray(value.T, np.float32).tobytes())
                elif isinstance(value, np.ndarray):
                    program[name].write(np.ascontiguousarray(value, np.float32).tobytes())
                else:
                    program[name].value = value

    def draw(self, pose: Pose, camera: Camera, brightness: float, seed: float,
             near: float = 0.08, far: float = 400.0) -> tuple[np.ndarray, np.ndarray]:
        """Picture [h, w, 3] uint8, depth [h, w] float32.

        The exposure brings the mean of what is not sky near `brightness` (0..1 of white,
        after gamma), as a camera's automatic exposure does.
        """
        n = self.samples
        big = camera.resized(n, camera.width * n, camera.height * n)
        light, context = self.light, self.context
        lamps, colours = np.zeros((4, 4)), np.zeros((4, 3))
        for i, (lamp, colour) in enumerate(light.lamps[:4]):
            lamps[i], colours[i] = lamp, colour
        self._set(self.program, view_projection=_view_projection(pose, big, near, far),
                  light_matrix=self.light_matrix, eye=tuple(pose.eye),
                  forward=tuple(pose.rotation[2]), textures=0, shadow=1, light=light.main,
                  light_colour=light.main_colour, light_fall=light.main_fall,
                  ambient_up=light.ambient_up, ambient_down=light.ambient_down,
                  lamps=lamps, lamp_colours=colours)
        self.frame.use()
        self.frame.clear(0, 0, 0, 0, depth=1.0)
        context.enable(moderngl.DEPTH_TEST)
        self.textures.use(0)
        self.shadow_map.use(1)
        self.array.render()
        seen = np.frombuffer(self.colour.read(), np.float32).reshape(-1, 4)[::7]
        solid = seen[seen[:, 3] > 0, :3]
        mean = float(np.minimum(solid, 3.0).mean()) if len(solid) else 0.3
        exposure = float(np.clip(brightness ** 2.2 / max(mean, 1e-3), 0.05, 30.0))
        self.screen.use()
        context.disable(moderngl.DEPTH_TEST)
        self.colour.use(0)
        self._set(self.screen_program, scene=0, focal=(big.f, big.f), occlusion=light.occlusion,
                  haze=light.sky_low, haze_length=light.haze_length, sky_low=light.sky_low,
                  sky_high=light.sky_high, cloud=light.cloud, to_world=pose.rotation.T,
                  half_size=(big.width / 2, big.height / 2), centre=(big.cx, big.cy),
                  exposure=exposure, seed=seed)
        self.full.render()
        raw = np.frombuffer(self.out.read(), np.float32).reshape(big.height, big.width, 4)[::-1]
        rgb = cv2.resize(np.ascontiguousarray(raw[..., :3]), self.size,
                         interpolation=cv2.INTER_AREA)
        depth = raw[n // 2::n, n // 2::n, 3]
        depth = np.where(depth > 0, depth, np.inf)
        return (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8), depth.astype(np.float32)
