// Reads what page/container.go writes: a header in JSON and columns of numbers.

// decode returns the header's meta data and a function that reads a column by its
// name: a typed array, or null where there is none.
export function decode(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  const base = 4 + size;
  const column = name => {
    const c = header.columns[name];
    if (!c) return null;
    const raw = buffer.slice(base + c.offset, base + c.offset + c.length);
    switch (c.kind) {
      case "f32": return new Float32Array(raw);
      case "bytes": return new Uint8Array(raw);
      default: return integers(new Uint8Array(raw), c);
    }
  };
  return { meta: header.meta, column };
}

// integers joins the bytes of each value, which lie a plane apart, unfolds the
// sign, and adds up what was written as differences between rows.
function integers(raw, { kind, width, planes }) {
  const n = raw.length / planes;
  const out = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    let u = 0;
    for (let p = planes - 1; p >= 0; p--) u = (u << 8) | raw[p * n + i];
    out[i] = (u >>> 1) ^ -(u & 1);
  }
  if (kind === "deltas") for (let i = width; i < n; i++) out[i] += out[i - width];
  return out;
}

// scaled returns integers times a factor, as floats.
function scaled(values, factor) {
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = values[i] * factor;
  return out;
}

// readMesh returns the mesh of a scene as arrays, null where it has none:
// position, index, and color, deviation [m; 0 unknown] and seen [s from the start]
// where they are known; pages with how many triangles, in order, each image is for, and
// place in them, where it has any.
export function readMesh({ meta, column }) {
  if (!meta.mesh) return null;
  const { quantum, error, deviationSteps, deviationLeast } = meta.mesh;
  const mesh = { error, position: scaled(column("mesh.position"), quantum) };
  const behind = column("mesh.corner");
  mesh.index = new Uint32Array(behind.length);
  let next = 0;
  for (let i = 0; i < behind.length; i++) {
    mesh.index[i] = next - behind[i];
    if (behind[i] === 0) next++;
  }
  const color = column("mesh.color");
  if (color) mesh.color = new Uint8Array(color);
  const deviation = column("mesh.deviation");
  if (deviation) {
    mesh.deviation = new Float32Array(deviation.length);
    for (let i = 0; i < deviation.length; i++) {
      if (deviation[i] > 0) mesh.deviation[i] = deviationLeast * 2 ** ((deviation[i] - 1) / deviationSteps);
    }
  }
  const seen = column("mesh.seen");
  if (seen) mesh.seen = scaled(seen, meta.timeStep);
  if (meta.mesh.pages) {
    mesh.place = scaled(column("mesh.place"), 1 / meta.mesh.placeSteps);
    let offset = 0;
    const images = column("mesh.images");
    mesh.pages = meta.mesh.pages.map(({ triangles, bytes }) => (
      { triangles, image: new Blob([images.slice(offset, offset += bytes)], { type: "image/jpeg" }) }));
  }
  return mesh;
}

// readPoses returns times [s from the start], and positions and rotations as flat
// arrays of 3 and 4 numbers a pose; null where there are none.
export function readPoses({ meta, column }, name) {
  const time = column(name + ".time");
  if (!time) return null;
  const pose = column(name + ".pose");
  return {
    time: scaled(time, meta.timeStep),
    at: i => ({ t: Array.from(pose.subarray(7 * i, 7 * i + 3)), q: Array.from(pose.subarray(7 * i + 3, 7 * i + 7)) }),
  };
}

// readKeyframes returns the cameras with their images as URLs of blobs.
export function readKeyframes(scene) {
  const poses = readPoses(scene, "keyframe");
  if (!poses) return [];
  const id = scene.column("keyframe.id"), camera = scene.column("keyframe.camera");
  const sizes = scene.column("keyframe.bytes"), images = scene.column("keyframe.image");
  let offset = 0;
  return Array.from(poses.time, (time, i) => {
    const [w, h, fx, fy, cx, cy] = camera.subarray(6 * i, 6 * i + 6);
    const jpeg = images.slice(offset, offset += sizes[i]);
    const image = jpeg.length ? URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" })) : "";
    return { id: id[i], time, ...poses.at(i), w, h, fx, fy, cx, cy, image };
  });
}

// readLandmarks returns positions, 3 numbers each; null where there are none.
export function readLandmarks({ meta, column }) {
  const v = column("landmark");
  return v && scaled(v, meta.landmarkQuantum);
}
