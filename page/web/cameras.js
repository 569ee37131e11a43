// The path, the keyframes as frusta, the loops, the truth, the landmarks, and the
// camera at the time that is shown.
import * as THREE from "three";
import { quantiles, ramp } from "ramps.js";
import { Ribbons } from "ribbon.js";

const colors = { path: [37, 118, 235], truth: [138, 147, 161], frustum: [240, 140, 30], loop: [30, 160, 80], now: [230, 50, 60] };

export class Cameras {
  constructor(stage) {
    this.stage = stage;
    this.path = new Ribbons(stage, 2.5);
    this.truth = new Ribbons(stage, 1.5);
    this.frusta = new Ribbons(stage, 1.3);
    this.loops = new Ribbons(stage, 2.5);
    this.now = new Ribbons(stage, 3, true);
    this.points = new THREE.Points(new THREE.BufferGeometry(), new THREE.PointsMaterial({ size: 2, sizeAttenuation: false, vertexColors: true }));
    this.points.visible = false;
    for (const r of [this.path, this.truth, this.frusta, this.loops, this.now]) stage.root.add(r.mesh);
    stage.root.add(this.points);
    this.keyframes = [];
    this.time = Infinity;
    this.live = null; // the camera of a run that goes on
    this.size = .1; // of a frustum, metres
  }

  // set shows poses as container.js reads them.
  set({ path, truth, keyframes, loops, landmarks }) {
    for (const k of this.keyframes) if (k.image) URL.revokeObjectURL(k.image);
    this.poses = path;
    this.keyframes = keyframes;
    this.path.set(steps(path, colors.path));
    this.truth.set(steps(truth, colors.truth));
    this.size = Math.min(Math.max(this.stage.extent * .012, .03), 3);
    this.frusta.set(keyframes.flatMap(k => frustum(k, this.size, colors.frustum, k.time)));
    this.loops.set((loops ?? []).map(([a, b]) => {
      const A = keyframes[a], B = keyframes[b];
      return { from: A.t, to: B.t, tint: colors.loop, since: Math.max(A.time, B.time) };
    }));
    this.setPoints(landmarks);
    this.showAt(this.time);
  }

  // setPoints shows landmarks in the colours of their height.
  setPoints(landmarks) {
    this.hasPoints = Boolean(landmarks);
    this.points.geometry.dispose();
    this.points.geometry = new THREE.BufferGeometry();
    if (!landmarks) return;
    const v = new THREE.Vector3(), heights = new Float32Array(landmarks.length / 3), tint = new Uint8Array(landmarks.length);
    for (let i = 0; i < heights.length; i++) heights[i] = v.fromArray(landmarks, 3 * i).applyQuaternion(this.stage.root.quaternion).y;
    const [lo, hi] = quantiles(heights, .02, .98);
    heights.forEach((h, i) => tint.set(ramp((h - lo) / Math.max(hi - lo, 1e-6)), 3 * i));
    this.points.geometry.setAttribute("position", new THREE.BufferAttribute(landmarks, 3));
    this.points.geometry.setAttribute("color", new THREE.BufferAttribute(tint, 3, true));
  }

  // showAt leaves out what came after a time, and draws the camera of then.
  showAt(time) {
    this.time = time;
    for (const r of [this.path, this.frusta, this.loops]) r.time = time;
    const past = Number.isFinite(time) && this.poses && this.keyframes.length;
    const at = past ? { ...this.keyframes[0], ...this.poseAt(time) } : this.live;
    this.now.set(at ? frustum(at, 2 * this.size, colors.now) : []);
  }

  // follow shows where the camera of a run is now.
  follow(camera) {
    this.live = camera;
    if (!Number.isFinite(this.time)) this.showAt(this.time);
  }

  // poseAt returns the pose of the last frame up to a time.
  poseAt(time) {
    const t = this.poses.time;
    let lo = 0, hi = t.length;
    while (hi - lo > 1) {
      const mid = (lo + hi) >> 1;
      if (t[mid] <= time) lo = mid; else hi = mid;
    }
    return this.poses.at(lo);
  }

  // keyframeAt returns the last keyframe up to a time that has an image.
  keyframeAt(time) {
    return this.keyframes.findLast(k => k.time <= time && k.image) ?? this.keyframes.find(k => k.image);
  }

  // nearest returns the keyframe nearest to a pixel, null beyond reach pixels. The
  // apex and the middle of the image count.
  nearest(x, y, reach) {
    let best = null;
    for (const k of this.keyframes) {
      if (k.time > this.time) break;
      for (const p of [k.t, ahead(k, this.size)]) {
        const u = this.stage.project(this.stage.toWorld(p));
        const d = u && Math.hypot(u.x - x, u.y - y);
        if (d !== null && d < reach) [best, reach] = [k, d];
      }
    }
    return best;
  }
}

// steps are the segments of a path.
function steps(poses, tint) {
  const out = [];
  for (let i = 1; poses && i < poses.time.length; i++) {
    out.push({ from: poses.at(i - 1).t, to: poses.at(i).t, tint, since: poses.time[i] });
  }
  return out;
}

// inWorld turns a point of a camera's frame into the map's.
function inWorld({ t, q }, xyz) {
  return new THREE.Vector3(...xyz).applyQuaternion(new THREE.Quaternion(...q)).add(new THREE.Vector3(...t)).toArray();
}

const ahead = (k, size) => inWorld(k, [0, 0, size]);

// frustum returns the edges of a camera's pyramid of a depth.
function frustum(k, depth, tint, since) {
  const corner = (u, v) => inWorld(k, [(u - k.cx) / k.fx * depth, (v - k.cy) / k.fy * depth, depth]);
  const c = [corner(0, 0), corner(k.w, 0), corner(k.w, k.h), corner(0, k.h)];
  return c.flatMap((p, i) => [{ from: k.t, to: p, tint, since }, { from: p, to: c[(i + 1) % 4], tint, since }]);
}
