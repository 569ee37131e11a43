// Puts the page together: the map, how one moves in it, and what one does with it.
import * as THREE from "three";
import { decode, readMesh, readPoses, readKeyframes, readLandmarks } from "container.js";
import { Stage } from "stage.js";
import { Surface } from "surface.js";
import { Cameras } from "cameras.js";
import { Navigator } from "navigate.js";
import { Grid } from "grid.js";
import { Tape } from "tape.js";
import { Clip } from "clip.js";
import { Replay } from "replay.js";
import { Keyframes } from "keyframes.js";
import { Panel } from "panel.js";
import { Status } from "status.js";
import { follow } from "live.js";

// start shows a map, as container.go wrote it, or follows the one of a run at the
// address of its WebSocket.
export function start(element, buffer, socket) {
  const page = new Page(element);
  globalThis.metricslam = page; // for who wants to look behind it, and for tests
  if (buffer?.byteLength) page.take(decode(buffer));
  if (socket) follow(socket, m => page.take(m), s => page.status.connection(s));
}

const clickReach = 5; // pixels that a pointer may move in a click

class Page {
  constructor(element) {
    const part = name => element.querySelector(`[data-part="${name}"]`);
    this.element = element;
    const stage = this.stage = new Stage(element);
    this.surface = new Surface(stage);
    this.cameras = new Cameras(stage);
    this.grid = new Grid(stage, part("grid"), element.querySelector(".map-scale"));
    this.tape = new Tape(stage, part("tape"), part("tape-list"));
    this.clip = new Clip(stage, [this.surface, this.cameras.points.material], part("clip"));
    this.navigator = new Navigator(stage, this.surface);
    this.keyframes = new Keyframes(element, stage, this.cameras, this.navigator, () => this.showMode());
    this.panel = new Panel(element, this);
    this.status = new Status(part("status"));
    this.replay = new Replay(element.querySelector(".map-time"), t => this.showAt(t));
    this.tools = { tape: false, clip: false };
    this.listen();
    element.querySelector(".map-bar").hidden = false;
  }

  // take shows a scene, or what of it is new.
  take(message) {
    const { meta } = message;
    if (meta.frame) return this.status.frame(message, this);
    const first = !this.taken;
    this.taken = true;
    this.scaleStd = meta.scaleStd;
    this.stage.setUp(meta.up);
    this.surface.set(readMesh(message));
    const scene = {
      path: readPoses(message, "path"), truth: readPoses(message, "truth"), keyframes: readKeyframes(message),
      landmarks: readLandmarks(message), loops: meta.loops,
    };
    this.box = this.surroundings(scene);
    this.stage.extent = Math.max(this.box.getSize(new THREE.Vector3()).length(), .2);
    this.cameras.set(scene);
    if (!this.surface.has) this.surface.floor = this.box.min.y;
    this.grid.set(this.box, this.surface.floor);
    this.clip.set(this.box);
    this.tape.rescale(meta.scaleStd);
    this.panel.update();
    if (first || !this.touched) this.home();
    this.replay.set(Math.max(0, scene.path?.time.at(-1) ?? 0, scene.keyframes.at(-1)?.time ?? 0));
  }

  // surroundings is the box of the mesh and the cameras, of the landmarks where
  // there is neither.
  surroundings({ path, keyframes, landmarks }) {
    const box = this.surface.box() ?? new THREE.Box3();
    for (let i = 0; path && i < path.time.length; i++) box.expandByPoint(this.stage.toWorld(path.at(i).t));
    for (const k of keyframes) box.expandByPoint(this.stage.toWorld(k.t));
    for (let i = 0; box.isEmpty() && landmarks && i < landmarks.length; i += 3) {
      box.expandByPoint(this.stage.toWorld(landmarks.subarray(i, i + 3)));
    }
    return box.isEmpty() ? new THREE.Box3(new THREE.Vector3(-1, -1, -1), new THREE.Vector3(1, 1, 1)) : box;
  }

  home() {
    if (this.stage.lens) this.keyframes.close();
    const points = this.surface.samples(2000).filter(p => this.box.containsPoint(p));
    for (const k of this.cameras.keyframes) points.push(this.stage.toWorld(k.t));
    if (!points.length) points.push(this.box.min, this.box.max);
    this.navigator.home(this.box, points);
  }

  // showAt shows the map as it was at a time.
  showAt(t) {
    this.surface.time = t;
    this.cameras.showAt(t);
    if (Number.isFinite(t) && !this.stage.lens) this.keyframes.show(this.cameras.keyframeAt(t));
    this.stage.draw();
  }

  listen() {
    const { element, stage } = this;
    element.addEventListener("click", e => {
      const button = e.target.closest("button");
      if (!button) return;
      if (button.dataset.mode) this.setMode(button.dataset.mode);
      if (button.dataset.act) this.act(button.dataset.act, button);
    });
    let down = null;
    stage.canvas.addEventListener("pointerdown", e => {
      down = e.isPrimary && e.button === 0 ? { x: e.offsetX, y: e.offsetY } : null;
      this.touched = true;
      element.focus({ preventScroll: true });
    });
    stage.canvas.addEventListener("pointerup", e => {
      if (!down || !e.isPrimary) return;
      if (Math.hypot(e.offsetX - down.x, e.offsetY - down.y) <= clickReach) this.click(e.offsetX, e.offsetY, e.pointerType === "touch");
    });
    stage.canvas.addEventListener("wheel", () => { this.touched = true; }, { passive: true });
    stage.canvas.addEventListener("dblclick", e => {
      const hit = !this.tools.tape && this.surface.pick(stage.ray(e.offsetX, e.offsetY));
      if (hit) this.navigator.aim(hit.point);
    });
    element.addEventListener("keydown", e => {
      if (e.key === "Escape") this.keyframes.close();
    });
  }

  // click measures or opens a keyframe.
  click(x, y, finger) {
    if (this.tools.tape) {
      const hit = this.surface.pick(this.stage.ray(x, y));
      if (hit) this.tape.add(hit);
      return;
    }
    const k = this.cameras.frusta.mesh.visible && this.cameras.nearest(x, y, finger ? 24 : 12);
    if (k) this.keyframes.show(k);
  }

  setMode(mode) {
    if (this.stage.lens) this.keyframes.leave();
    this.navigator.set(mode);
    this.showMode();
  }

  showMode() {
    for (const b of this.element.querySelectorAll("button[data-mode]")) b.setAttribute("aria-pressed", b.dataset.mode === this.navigator.mode);
    this.panel.apply();
  }

  act(name, button) {
    switch (name) {
      case "home": return this.home();
      case "full": return document.fullscreenElement ? document.exitFullscreen() : this.element.requestFullscreen?.();
      case "panel": return this.panel.toggle(button);
      case "tape":
      case "clip": {
        const on = this.tools[name] = !this.tools[name];
        button.setAttribute("aria-pressed", on);
        if (name === "clip") return this.clip.toggle(on);
        this.tape.list.hidden = !on;
        this.element.classList.toggle("is-measuring", on);
        return this.tape.show();
      }
      default: return this.keyframes.act(name);
    }
  }
}
