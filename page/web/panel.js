// Layers and colours.
import { gradient, length } from "ramps.js";

export class Panel {
  constructor(element, page) {
    const part = name => element.querySelector(`[data-part="${name}"]`);
    this.page = page;
    this.box = element.querySelector(".map-panel");
    this.button = element.querySelector("[data-act=panel]");
    this.colors = part("colors");
    this.legend = part("legend");
    this.facts = part("facts");
    this.layers = part("layers");
    this.legend.querySelector("i").style.background = gradient();
    this.colors.addEventListener("change", () => this.paint());
    const { surface, cameras, grid } = page;
    const layers = { mesh: surface.mesh, path: cameras.path.mesh, truth: cameras.truth.mesh, keyframes: cameras.frusta.mesh, loops: cameras.loops.mesh, landmarks: cameras.points, grid: grid.lines };
    this.boxes = Object.entries(layers).map(([name, object]) => {
      const check = Object.assign(document.createElement("input"), { type: "checkbox", checked: name !== "landmarks" });
      check.addEventListener("change", () => this.apply());
      const label = document.createElement("label");
      label.append(check, name);
      this.layers.append(label);
      return { name, object, check, label };
    });
    if (element.clientWidth > 640) this.toggle(this.button);
  }

  toggle(button) {
    this.box.hidden = !this.box.hidden;
    button.setAttribute("aria-pressed", !this.box.hidden);
  }

  // update offers what the scene has.
  update() {
    const { surface, cameras } = this.page;
    const has = {
      mesh: surface.has, path: cameras.path.has, truth: cameras.truth.has, keyframes: cameras.frusta.has,
      loops: cameras.loops.has, landmarks: cameras.hasPoints, grid: true,
    };
    for (const b of this.boxes) {
      b.label.hidden = !has[b.name];
      b.there = has[b.name];
      if (b.name === "landmarks" && !has.mesh && !this.updated) b.check.checked = true;
    }
    this.updated = true;
    const mode = this.colors.value || "photo";
    this.colors.replaceChildren(...surface.modes().map(m => new Option(m, m)));
    this.colors.value = surface.modes().includes(mode) ? mode : "photo";
    this.colors.parentElement.hidden = !has.mesh;
    const d = surface.data;
    this.facts.textContent = d ? `${(d.index.length / 3).toLocaleString("en")} triangles` + (d.error > 0 ? `, simplified to ${length(d.error)}` : "") : "";
    this.apply();
    this.paint();
  }

  // apply shows the layers that are wanted; who looks through a keyframe sees the
  // surface alone.
  apply() {
    const inside = Boolean(this.page.stage.lens);
    for (const b of this.boxes) b.object.visible = b.there && b.check.checked && (!inside || b.name === "mesh");
    this.page.stage.draw();
  }

  paint() {
    const { surface } = this.page;
    surface.paint(this.colors.value);
    this.legend.hidden = !surface.legend;
    surface.legend?.forEach((text, i) => { this.legend.querySelectorAll("span")[i].textContent = text; });
  }
}
