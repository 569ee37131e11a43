// The box outside of which the map is not drawn.
import * as THREE from "three";
import { Ribbons } from "ribbon.js";

const axes = ["x", "height", "z"];

export class Clip {
  constructor(stage, materials, panel) {
    Object.assign(this, { stage, materials, panel });
    this.edges = new Ribbons(stage, 1.5);
    stage.scene.add(this.edges.mesh);
    this.on = false;
    this.sliders = axes.map(name => {
      const row = document.createElement("label");
      row.append(name);
      const ends = [0, 1000].map(value => {
        const s = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 1000, value });
        s.setAttribute("aria-label", `${name}, ${value ? "upper" : "lower"} end`);
        s.addEventListener("input", () => this.apply());
        row.append(s);
        return s;
      });
      panel.append(row);
      return ends;
    });
  }

  // set gives the box that the sliders cut from.
  set(box) {
    this.all = box.clone().expandByScalar(.02 * this.stage.extent);
    this.apply();
  }

  toggle(on) {
    this.on = on;
    this.panel.hidden = !on;
    this.apply();
  }

  apply() {
    const planes = [];
    if (this.on && this.all) {
      const box = this.box();
      for (let k = 0; k < 3; k++) {
        const n = new THREE.Vector3().setComponent(k, 1);
        planes.push(new THREE.Plane(n.clone(), -box.min.getComponent(k)), new THREE.Plane(n.negate(), box.max.getComponent(k)));
      }
      this.edges.set(boxEdges(box));
    } else {
      this.edges.set([]);
    }
    for (const m of this.materials) {
      m.clippingPlanes = planes.length ? planes : null;
    }
    this.stage.draw();
  }

  box() {
    const { min, max } = this.all, out = new THREE.Box3();
    this.sliders.forEach((ends, k) => {
      const [a, b] = ends.map(s => s.value / 1000).sort((x, y) => x - y);
      const at = t => min.getComponent(k) + t * (max.getComponent(k) - min.getComponent(k));
      out.min.setComponent(k, at(a));
      out.max.setComponent(k, at(b));
    });
    return out;
  }
}

function boxEdges({ min, max }) {
  const corner = i => [i & 1 ? max.x : min.x, i & 2 ? max.y : min.y, i & 4 ? max.z : min.z];
  const out = [];
  for (let i = 0; i < 8; i++) {
    for (const bit of [1, 2, 4]) if (!(i & bit)) out.push({ from: corner(i), to: corner(i | bit), tint: [120, 130, 145] });
  }
  return out;
}
