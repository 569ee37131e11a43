// The tape: distances between points of the surface, in metres with their standard
// deviation.
import * as THREE from "three";
import { length as metres } from "ramps.js";
import { Ribbons } from "ribbon.js";

const tint = [235, 60, 140];

// deviation returns the standard deviation of a length between two points and its
// parts. All lengths share the error of the map's scale, a share of each; the ends
// have errors of their own, in whatever direction.
export function deviation(length, scaleStd, endA, endB) {
  const scale = length * scaleStd, ends = Math.hypot(endA, endB);
  return { all: Math.hypot(scale, ends), scale, ends };
}

// words writes a length as precisely as its deviation allows: 2.31 ± 0.25 m.
export function words(m, sigma) {
  if (!(sigma > 0)) return `${m.toPrecision(4)} m`;
  const digits = Math.min(Math.max(1 - Math.floor(Math.log10(sigma)), 0), 4);
  return `${m.toFixed(digits)} ± ${sigma.toFixed(digits)} m`;
}

export class Tape {
  constructor(stage, labels, list) {
    Object.assign(this, { stage, labels, list });
    this.lines = new Ribbons(stage, 3, true);
    stage.scene.add(this.lines.mesh);
    this.ends = new THREE.Points(new THREE.BufferGeometry(), new THREE.PointsMaterial({ size: 9, sizeAttenuation: false, color: 0xeb3c8c, depthTest: false }));
    this.ends.frustumCulled = false;
    this.ends.renderOrder = 3;
    stage.scene.add(this.ends);
    this.lengths = [];
    this.open = null; // the first point of the next
    this.scaleStd = null; // null: nothing tells metres
    stage.listeners.push(() => this.place());
  }

  // add takes a point of the surface, as Surface.pick returns it.
  add(hit) {
    if (!this.open) {
      this.open = hit;
    } else {
      this.lengths.push(this.measure(this.open, hit));
      this.open = null;
    }
    this.show();
  }

  measure(a, b) {
    const length = a.point.distanceTo(b.point);
    const parts = deviation(length, this.scaleStd ?? 0, a.deviation, b.deviation);
    const free = this.scaleStd === null;
    return {
      a, b, length, sigma: free ? null : parts.all,
      text: free ? `${length.toPrecision(4)} units` : words(length, parts.all),
      detail: free ? "no source tells metres"
        : `scale ± ${metres(parts.scale)}, ends ` + (a.deviation > 0 && b.deviation > 0 ? `± ${metres(parts.ends)}` : "unknown"),
    };
  }

  // rescale measures again when the map's scale is known otherwise.
  rescale(scaleStd) {
    this.scaleStd = scaleStd;
    this.lengths = this.lengths.map(l => this.measure(l.a, l.b));
    this.show();
  }

  remove(i) {
    this.lengths.splice(i, 1);
    this.show();
  }

  // show draws the lengths and lists them.
  show() {
    this.lines.set(this.lengths.map(l => ({ from: l.a.point.toArray(), to: l.b.point.toArray(), tint })));
    const points = this.lengths.flatMap(l => [l.a.point, l.b.point]).concat(this.open ? [this.open.point] : []);
    this.ends.geometry.dispose();
    this.ends.geometry = new THREE.BufferGeometry().setFromPoints(points);
    this.ends.visible = points.length > 0;
    this.labels.replaceChildren(...this.lengths.map(l => element("span", l.text, l.detail)));
    this.list.replaceChildren(...this.lengths.map((l, i) => {
      const row = element("div", "");
      const drop = element("button", "×", "remove");
      drop.addEventListener("click", () => this.remove(i));
      row.append(element("b", l.text), element("small", l.detail), drop);
      return row;
    }));
    if (!this.lengths.length) {
      this.list.append(element("small", this.open ? "Now the other end." : "Click two points of the surface."));
    }
    this.stage.draw();
  }

  // place puts the labels at the middles of the lines.
  place() {
    this.lengths.forEach((l, i) => {
      const u = this.stage.project(l.a.point.clone().lerp(l.b.point, .5));
      const label = this.labels.children[i];
      label.hidden = !u;
      if (u) label.style.transform = `translate(${u.x}px, ${u.y}px) translate(-50%, -130%)`;
    });
  }
}

function element(name, text, title) {
  const e = document.createElement(name);
  e.textContent = text;
  if (title) e.title = title;
  return e;
}
