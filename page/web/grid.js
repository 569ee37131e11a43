// A grid in metres on the floor, with its step in words, and the numbers of its
// lines in the view from above.
import * as THREE from "three";

const mostLines = 40; // across the scene
const labelGap = 70; // pixels between numbers

// round returns the smallest of 1, 2 and 5 times a power of ten that is not below x.
export function round(x) {
  const p = 10 ** Math.floor(Math.log10(x));
  return [1, 2, 5, 10].map(m => m * p).find(v => v >= x * (1 - 1e-9));
}

export class Grid {
  constructor(stage, labels, scale) {
    Object.assign(this, { stage, labels, scale });
    this.lines = new THREE.LineSegments(new THREE.BufferGeometry(), new THREE.LineBasicMaterial({ color: 0x808894, transparent: true, opacity: .45 }));
    stage.scene.add(this.lines);
    stage.listeners.push(() => this.number());
  }

  set(box, floor) {
    const size = box.getSize(new THREE.Vector3()), center = box.getCenter(new THREE.Vector3());
    const reach = .75 * Math.max(size.x, size.z, 1);
    this.step = round(2 * reach / mostLines);
    this.floor = floor;
    const ends = c => [Math.floor((c - reach) / this.step), Math.ceil((c + reach) / this.step)];
    this.x = ends(center.x);
    this.z = ends(center.z);
    const points = [], s = this.step;
    for (let i = this.x[0]; i <= this.x[1]; i++) points.push(i * s, floor, this.z[0] * s, i * s, floor, this.z[1] * s);
    for (let i = this.z[0]; i <= this.z[1]; i++) points.push(this.x[0] * s, floor, i * s, this.x[1] * s, floor, i * s);
    this.lines.geometry.dispose();
    this.lines.geometry = new THREE.BufferGeometry();
    this.lines.geometry.setAttribute("position", new THREE.Float32BufferAttribute(points, 3));
    this.stage.draw();
  }

  // number writes the metres of the lines and a scale bar where lengths are the same
  // everywhere: from above.
  number() {
    const flat = this.stage.camera === this.stage.ortho && this.step && this.lines.visible;
    this.labels.replaceChildren();
    this.scale.hidden = !flat;
    if (!flat) return;
    const { ortho, size } = this.stage;
    const pixel = 2 * ortho.top / ortho.zoom / size.h; // metres
    const bar = round(60 * pixel), every = Math.max(this.step, round(labelGap * pixel));
    this.scale.style.width = bar / pixel + "px";
    this.scale.textContent = `${+bar.toPrecision(3)} m`;
    const say = (x, z, text) => {
      const u = this.stage.project(new THREE.Vector3(x, this.floor, z));
      if (!u || u.x < 0 || u.y < 0 || u.x > size.w || u.y > size.h) return;
      const label = document.createElement("span");
      label.textContent = text;
      label.style.transform = `translate(${u.x}px, ${u.y}px) translate(-50%, -50%)`;
      this.labels.append(label);
    };
    const center = ortho.position;
    const zeroX = Math.round(center.x / every) * every, zeroZ = Math.round(center.z / every) * every;
    const n = Math.min(60, Math.ceil(Math.max(size.w, size.h) * pixel / every));
    for (let i = -n; i <= n; i++) {
      const x = zeroX + i * every, z = zeroZ + i * every;
      say(x, zeroZ, `${+x.toPrecision(6)}`);
      if (i !== 0) say(zeroX, z, `${+z.toPrecision(6)}`);
    }
  }
}
