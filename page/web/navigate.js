// How one moves: orbit, fly, from above, and through a keyframe.
import * as THREE from "three";
import { OrbitControls } from "OrbitControls";
import { backOf } from "surface.js";

const homePitch = 33 * Math.PI / 180;

export class Navigator {
  constructor(stage, surface) {
    this.stage = stage;
    this.surface = surface;
    this.mode = "orbit";
    this.heading = 0; // radians: where the home view looks from
    this.target = new THREE.Vector3();
    this.fly = new Fly(stage);
    this.attach();
  }

  // home shows all of the scene: points stand for it.
  home(box, points) {
    const center = box.getCenter(new THREE.Vector3());
    this.heading = this.surface.facing(homePitch, 24);
    const p = this.stage.perspective;
    const back = backOf(this.heading, homePitch);
    p.up.set(0, 1, 0);
    p.position.copy(center).add(back);
    p.lookAt(center);
    p.updateMatrixWorld();
    const tan = Math.tan(p.fov * Math.PI / 360), aspect = this.stage.size.w / this.stage.size.h;
    const right = new THREE.Vector3(), up = new THREE.Vector3();
    p.matrixWorld.extractBasis(right, up, new THREE.Vector3());
    // How far back all is seen, and the middle of what is, in two rounds.
    let distance = .1;
    for (let round = 0; round < 2; round++) {
      const ends = { right: [Infinity, -Infinity], up: [Infinity, -Infinity] };
      distance = .1;
      for (const s of points) {
        const d = s.clone().sub(center), near = d.dot(back), x = d.dot(right), y = d.dot(up);
        ends.right = [Math.min(ends.right[0], x), Math.max(ends.right[1], x)];
        ends.up = [Math.min(ends.up[0], y), Math.max(ends.up[1], y)];
        distance = Math.max(distance, near + Math.abs(y) / tan, near + Math.abs(x) / (tan * aspect));
      }
      if (round === 0) center.addScaledVector(right, (ends.right[0] + ends.right[1]) / 2).addScaledVector(up, (ends.up[0] + ends.up[1]) / 2);
    }
    p.position.copy(center).addScaledVector(back, 1.04 * distance);
    this.target.copy(center);
    const size = box.getSize(new THREE.Vector3());
    const o = this.stage.ortho;
    o.top = .55 * Math.max(Math.hypot(size.x, size.z) / Math.min(aspect, 1.4), .5);
    o.bottom = -o.top;
    o.zoom = 1;
    o.up.set(-Math.sin(this.heading), 0, -Math.cos(this.heading));
    o.position.set(center.x, box.max.y + this.stage.extent, center.z);
    o.lookAt(center.x, box.min.y, center.z);
    this.attach();
  }

  set(mode) {
    if (mode === this.mode && !this.stage.lens) return;
    if (this.mode === "fly" && mode === "orbit") this.target.copy(this.pointAhead());
    this.mode = mode;
    this.stage.lens = null;
    this.attach();
  }

  // attach makes the controls of the mode listen.
  attach() {
    const { stage } = this;
    this.controls?.dispose();
    this.controls = null;
    this.fly.active = this.mode === "fly";
    stage.focus = null;
    stage.camera = this.mode === "top" ? stage.ortho : stage.perspective;
    if (this.mode !== "fly" && !stage.lens) {
      const c = this.controls = new OrbitControls(stage.camera, stage.canvas);
      c.zoomToCursor = true;
      c.minDistance = .02;
      if (this.mode === "top") {
        c.enableRotate = false;
        c.mouseButtons.LEFT = THREE.MOUSE.PAN;
        c.touches.ONE = THREE.TOUCH.PAN;
        c.touches.TWO = THREE.TOUCH.DOLLY_PAN;
        c.target.set(stage.ortho.position.x, this.surface.floor, stage.ortho.position.z);
      } else {
        c.target.copy(this.target);
        const look = () => {
          this.target.copy(c.target);
          stage.focus = stage.perspective.position.distanceTo(c.target);
        };
        look();
        c.addEventListener("change", look);
      }
      c.update();
      c.addEventListener("change", () => stage.draw());
    }
    stage.draw();
  }

  // pointAhead is what the camera looks at in the distance of the last target.
  pointAhead() {
    const p = this.stage.perspective;
    const d = Math.max(.5, Math.min(p.position.distanceTo(this.target), this.stage.extent / 2));
    return p.getWorldDirection(new THREE.Vector3()).multiplyScalar(d).add(p.position);
  }

  // aim turns around another point from now on.
  aim(point) {
    if (this.mode !== "orbit") return;
    this.target.copy(point);
    this.attach();
  }

  // through looks with the camera of a keyframe.
  through(k) {
    const { stage } = this, p = stage.perspective;
    this.before ??= { mode: this.mode, position: p.position.clone(), quaternion: p.quaternion.clone() };
    this.mode = "through";
    stage.lens = k;
    p.position.copy(stage.toWorld(k.t));
    // Cameras look along z with y down, three.js along -z with y up.
    const turn = new THREE.Quaternion(1, 0, 0, 0);
    p.quaternion.copy(stage.root.quaternion).multiply(new THREE.Quaternion(...k.q)).multiply(turn);
    this.attach();
    this.controls?.dispose();
  }

  // back leaves the keyframe for where one was before.
  back() {
    if (!this.before) return;
    const p = this.stage.perspective;
    p.position.copy(this.before.position);
    p.quaternion.copy(this.before.quaternion);
    this.stage.lens = null;
    this.mode = this.before.mode;
    this.before = null;
    this.attach();
  }
}

const keys = {
  KeyW: [0, 0, -1], KeyS: [0, 0, 1], KeyA: [-1, 0, 0], KeyD: [1, 0, 0], KeyQ: [0, -1, 0], KeyE: [0, 1, 0],
  ArrowUp: [0, 0, -1], ArrowDown: [0, 0, 1], ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0],
};
const secondsAcross = 12; // to fly through the scene

// Fly moves the camera freely: drag to look around, keys, wheel or two fingers to
// go.
class Fly {
  constructor(stage) {
    this.stage = stage;
    this.down = new Set();
    this.fingers = new Map();
    const c = stage.canvas;
    c.addEventListener("pointerdown", e => {
      this.fingers.set(e.pointerId, e);
      if (this.active) c.setPointerCapture(e.pointerId);
    });
    for (const end of ["pointerup", "pointercancel"]) c.addEventListener(end, e => this.fingers.delete(e.pointerId));
    c.addEventListener("pointermove", e => this.move(e));
    c.addEventListener("wheel", e => this.active && (e.preventDefault(), this.go([0, 0, Math.sign(e.deltaY)], .3)), { passive: false });
    stage.element.addEventListener("keydown", e => {
      if (!this.active || !keys[e.code] || e.target.matches("input, select")) return;
      e.preventDefault();
      const idle = this.down.size === 0;
      this.down.add(e.code);
      if (idle) requestAnimationFrame(t => this.step(t, t));
    });
    addEventListener("keyup", e => this.down.delete(e.code));
    addEventListener("blur", () => this.down.clear());
  }

  move(e) {
    const last = this.fingers.get(e.pointerId);
    if (!last || !this.active) return;
    const dx = e.clientX - last.clientX, dy = e.clientY - last.clientY;
    if (this.fingers.size === 1) {
      const p = this.stage.perspective, euler = new THREE.Euler().setFromQuaternion(p.quaternion, "YXZ");
      const turn = p.fov * Math.PI / 180 / this.stage.size.h; // what is under the pointer follows it
      euler.y += dx * turn;
      euler.x = Math.min(Math.max(euler.x + dy * turn, -1.55), 1.55);
      euler.z = 0;
      p.quaternion.setFromEuler(euler);
      this.stage.draw();
    } else {
      const gap = () => {
        const [a, b] = this.fingers.values();
        return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      };
      const before = gap();
      this.fingers.set(e.pointerId, e);
      this.go([0, 0, (before - gap()) / this.stage.size.h], secondsAcross);
    }
    this.fingers.set(e.pointerId, e);
  }

  step(now, last) {
    if (!this.active || this.down.size === 0) return;
    for (const code of this.down) this.go(keys[code], (now - last) / 1000);
    requestAnimationFrame(t => this.step(t, now));
  }

  // go moves along the camera's axes for as many seconds.
  go(axes, seconds) {
    const p = this.stage.perspective;
    p.position.add(new THREE.Vector3(...axes).applyQuaternion(p.quaternion).multiplyScalar(seconds * this.stage.extent / secondsAcross));
    this.stage.draw();
  }
}
