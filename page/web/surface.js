// The mesh: its colours, what of it is there at a time, and picking.
import * as THREE from "three";
import { ramp, quantiles, length } from "ramps.js";

const vertexShader = `
attribute vec3 tint;
attribute float seen;
attribute vec2 place;
varying vec3 vTint, vNormal;
varying vec2 vPlace;
varying float vSeen;
#include <clipping_planes_pars_vertex>
void main() {
  vTint = tint;
  vPlace = place;
  vSeen = seen;
  vNormal = normalMatrix * normal;
  vec4 mvPosition = modelViewMatrix * vec4(position, 1.);
  gl_Position = projectionMatrix * mvPosition;
  #include <clipping_planes_vertex>
}`;
const fragmentShader = `
uniform float time, shade, pictured;
uniform sampler2D picture;
varying vec3 vTint, vNormal;
varying vec2 vPlace;
varying float vSeen;
#include <clipping_planes_pars_fragment>
void main() {
  #include <clipping_planes_fragment>
  if (vSeen > time) discard;
  float light = mix(1., .25 + .75 * abs(normalize(vNormal).z), pictured > .5 ? 0. : shade); // a lamp at the camera
  vec3 color = pictured > .5 ? texture2D(picture, vPlace).rgb : vTint;
  gl_FragColor = vec4(color * light, 1.);
}`;

const plain = [198, 202, 208]; // of a mesh without colours

export class Surface {
  constructor(stage) {
    this.stage = stage;
    this.material = new THREE.ShaderMaterial({
      vertexShader, fragmentShader, clipping: true, side: THREE.FrontSide,
      uniforms: { time: { value: 1e9 }, shade: { value: 0 }, pictured: { value: 0 }, picture: { value: null } },
    });
    this.pages = []; // materials of a mesh with images, one each
    this.mesh = new THREE.Mesh(new THREE.BufferGeometry(), this.material);
    this.has = this.mesh.visible = false;
    stage.root.add(this.mesh);
    this.mode = "photo";
    this.floor = 0; // height of the floor
  }

  // set shows a mesh as container.js reads it, or none.
  set(data) {
    this.data = data;
    this.mesh.geometry.dispose();
    this.dropPages();
    this.has = this.mesh.visible = Boolean(data?.index.length);
    if (!this.has) return this.stage.draw();
    const g = new THREE.BufferGeometry();
    g.setAttribute("position", new THREE.BufferAttribute(data.position, 3));
    g.setIndex(new THREE.BufferAttribute(data.index, 1));
    g.computeVertexNormals();
    if (data.pages) joinNormals(g);
    const seen = data.seen ?? new Float32Array(data.position.length / 3).fill(-1e9);
    g.setAttribute("seen", new THREE.BufferAttribute(seen, 1));
    this.mesh.geometry = g;
    if (data.pages) this.setPages(g, data);
    this.heights = this.measureHeights();
    [this.floor, this.top] = quantiles(this.heights, .01, .99);
    this.paint(this.mode);
  }

  // setPages gives the mesh its images. Until one is unpacked its triangles have the
  // colours of their vertices.
  setPages(g, data) {
    g.setAttribute("place", new THREE.BufferAttribute(data.place, 2));
    let first = 0;
    this.pages = data.pages.map(({ triangles, image }, i) => {
      g.addGroup(3 * first, 3 * triangles, i);
      first += triangles;
      const m = this.material.clone();
      // A copy has uniforms of its own; time and light are those of all.
      const { time, shade } = this.material.uniforms;
      Object.assign(m.uniforms, { time, shade });
      m.clippingPlanes = this.material.clippingPlanes;
      createImageBitmap(image).then(bitmap => {
        const t = m.uniforms.picture.value = new THREE.Texture(bitmap);
        Object.assign(t, { flipY: false, anisotropy: 4, needsUpdate: true });
        if (this.pages.includes(m)) this.showPages();
      });
      return m;
    });
    this.mesh.material = this.pages;
  }

  dropPages() {
    for (const m of this.pages) {
      m.uniforms.picture.value?.dispose();
      m.dispose();
    }
    this.pages = [];
    this.mesh.material = this.material;
  }

  // showPages draws the images where the colours are those of photos.
  showPages() {
    for (const m of this.pages) m.uniforms.pictured.value = Number(this.mode === "photo" && m.uniforms.picture.value !== null);
    this.stage.draw();
  }

  set clippingPlanes(planes) {
    for (const m of [this.material, ...this.pages]) m.clippingPlanes = planes;
  }

  // measureHeights returns the height of each vertex in the stage.
  measureHeights() {
    const q = this.stage.root.quaternion.clone().invert();
    const up = new THREE.Vector3(0, 1, 0).applyQuaternion(q);
    const p = this.data.position, out = new Float32Array(p.length / 3);
    for (let i = 0; i < out.length; i++) out[i] = up.x * p[3 * i] + up.y * p[3 * i + 1] + up.z * p[3 * i + 2];
    return out;
  }

  // modes lists the colours that the mesh has.
  modes() {
    const d = this.data;
    return ["photo", "height", "normal", d?.seen && "age", d?.deviation && "deviation"].filter(Boolean);
  }

  // paint colours the mesh, and sets what the colours mean: legend is null or
  // holds the words at both ends of the ramp.
  paint(mode) {
    this.mode = mode;
    this.legend = null;
    if (!this.has) return;
    const n = this.data.position.length / 3;
    let tint = this.data.color;
    if (!tint || mode !== "photo" && this.modes().includes(mode)) {
      const of = this.painter(mode);
      tint = new Uint8Array(3 * n);
      for (let i = 0; i < n; i++) tint.set(of(i), 3 * i);
    }
    this.mesh.geometry.setAttribute("tint", new THREE.BufferAttribute(tint, 3, true));
    this.material.uniforms.shade.value = mode === "photo" ? .25 : .7;
    this.showPages();
  }

  // painter returns the colour of vertex i in a mode.
  painter(mode) {
    const { seen, deviation } = this.data;
    switch (mode) {
      case "height": {
        const lo = this.floor, range = Math.max(this.top - lo, 1e-6);
        this.legend = ["0 m", `${length(range)} above the floor`];
        return i => ramp((this.heights[i] - lo) / range);
      }
      case "normal": {
        const normal = this.mesh.geometry.attributes.normal, q = this.stage.root.quaternion, v = new THREE.Vector3();
        return i => v.fromBufferAttribute(normal, i).applyQuaternion(q).toArray().map(x => 127.5 * (1 + x));
      }
      case "age": {
        const [lo, hi] = quantiles(seen, 0, 1);
        this.legend = [`seen at ${lo.toFixed(1)} s`, `${hi.toFixed(1)} s`];
        return i => ramp((seen[i] - lo) / Math.max(hi - lo, 1e-6));
      }
      case "deviation": {
        const [lo, hi] = quantiles(deviation.filter(d => d > 0), .05, .95);
        const range = Math.max(Math.log(hi / lo), 1e-6);
        this.legend = [`± ${length(lo)}`, `± ${length(hi)} beside the scale's`];
        return i => deviation[i] > 0 ? ramp(Math.log(deviation[i] / lo) / range) : plain;
      }
      default:
        return () => plain;
    }
  }

  set time(t) { this.material.uniforms.time.value = Number.isFinite(t) ? t : 1e9; }

  // pick returns the nearest point that is seen along a ray, with its deviation in
  // metres (0 where unknown); null where nothing is hit.
  pick(caster) {
    if (!this.mesh.visible) return null;
    const time = this.material.uniforms.time.value, planes = this.material.clippingPlanes ?? [];
    const seen = this.mesh.geometry.attributes.seen;
    for (const hit of caster.intersectObject(this.mesh)) {
      if (planes.some(p => p.distanceToPoint(hit.point) < 0)) continue;
      const corners = [hit.face.a, hit.face.b, hit.face.c];
      if (corners.some(v => seen.getX(v) > time)) continue;
      const d = this.data.deviation;
      return { point: hit.point, deviation: d ? Math.max(...corners.map(v => d[v])) : 0 };
    }
    return null;
  }

  // box returns that of the mesh in the stage, without its outermost vertices;
  // null without a mesh.
  box() {
    if (!this.has) return null;
    const axes = [[], [], []];
    for (const p of this.samples(20000)) p.toArray().forEach((x, k) => axes[k].push(x));
    const ends = axes.map(a => quantiles(a, .005, .995));
    return new THREE.Box3(new THREE.Vector3(...ends.map(e => e[0])), new THREE.Vector3(...ends.map(e => e[1])));
  }

  // samples returns about n points of the surface in the stage.
  samples(n) {
    const out = [], p = this.has ? this.data.position : [];
    const step = 3 * Math.max(1, Math.floor(p.length / 3 / n));
    for (let i = 0; i < p.length; i += step) out.push(new THREE.Vector3().fromArray(p, i).applyQuaternion(this.stage.root.quaternion));
    return out;
  }

  // facing returns in which of n directions around the vertical most of the surface
  // is seen, looking down by pitch: walls in between are seen from behind there.
  facing(pitch, n) {
    if (!this.has) return 0;
    const { position: p, index } = this.data, q = this.stage.root.quaternion;
    const area = new Float64Array(n);
    const backs = Array.from(area, (_, k) => backOf(2 * Math.PI * k / n, pitch));
    const a = new THREE.Vector3(), b = new THREE.Vector3(), c = new THREE.Vector3();
    const at = (v, i) => v.fromArray(p, 3 * index[i]);
    const step = 3 * Math.max(1, Math.floor(index.length / 60000));
    for (let i = 0; i < index.length; i += step) {
      at(a, i);
      const normal = at(b, i + 1).sub(a).cross(at(c, i + 2).sub(a)).applyQuaternion(q);
      for (let k = 0; k < n; k++) area[k] += Math.max(0, normal.dot(backs[k]));
    }
    return 2 * Math.PI * area.indexOf(Math.max(...area)) / n;
  }
}

// backOf returns the direction towards a camera that looks down by pitch.
export function backOf(yaw, pitch) {
  return new THREE.Vector3(Math.sin(yaw) * Math.cos(pitch), Math.sin(pitch), Math.cos(yaw) * Math.cos(pitch));
}

// joinNormals gives the vertices at one place one normal: those of a mesh with images
// are doubled where the images meet.
function joinNormals(g) {
  const p = g.attributes.position.array, n = g.attributes.normal.array, to = placesOf(p);
  for (let i = 0; i < to.length; i++) {
    if (to[i] !== i) for (let k = 0; k < 3; k++) n[3 * to[i] + k] += n[3 * i + k];
  }
  for (let i = 0; i < to.length; i++) {
    const j = 3 * to[i], l = Math.hypot(n[j], n[j + 1], n[j + 2]) || 1;
    for (let k = 0; k < 3; k++) n[3 * i + k] = n[j + k] / l; // the first of a place is divided first
  }
}

// placesOf returns for each position the number of the first that is equal: a table of
// twice as many slots, where a taken one sends to the next.
function placesOf(p) {
  const count = p.length / 3, to = new Uint32Array(count);
  const size = 2 ** Math.ceil(Math.log2(2 * count + 1)), table = new Int32Array(size).fill(-1);
  const bits = new Uint32Array(p.buffer, p.byteOffset, p.length);
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [bits[3 * i], bits[3 * i + 1], bits[3 * i + 2]];
    let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b) ^ Math.imul(z, 0xc2b2ae35);
    h = (h ^ h >>> 15) & size - 1;
    while (table[h] >= 0) {
      const j = 3 * table[h];
      if (bits[j] === x && bits[j + 1] === y && bits[j + 2] === z) break;
      h = h + 1 & size - 1;
    }
    if (table[h] < 0) table[h] = i;
    to[i] = table[h];
  }
  return to;
}
