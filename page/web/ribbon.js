// Lines of a width in pixels, which WebGL has not: each segment is a rectangle
// that the vertex shader spans on the screen.
import * as THREE from "three";

const vertexShader = `
attribute vec3 from, to, tint;
attribute float since;
uniform vec2 size;
uniform float width, time;
varying vec3 vTint;
void main() {
  vec4 a = projectionMatrix * modelViewMatrix * vec4(from, 1.);
  vec4 b = projectionMatrix * modelViewMatrix * vec4(to, 1.);
  const float ahead = 1e-3; // what lies behind the camera is cut off
  if (since > time || max(a.w, b.w) < ahead) {
    gl_Position = vec4(2., 2., 2., 1.);
    return;
  }
  if (a.w < ahead) a = mix(a, b, (ahead - a.w) / (b.w - a.w));
  if (b.w < ahead) b = mix(b, a, (ahead - b.w) / (a.w - b.w));
  vec2 along = (b.xy / b.w - a.xy / a.w) * size;
  along = dot(along, along) > 1e-9 ? normalize(along) : vec2(1., 0.);
  vec2 across = vec2(-along.y, along.x);
  vec4 p = mix(a, b, position.x);
  p.xy += (across * position.y + along * (position.x - .5)) * width / size * p.w;
  gl_Position = p;
  vTint = tint;
}`;
const fragmentShader = `
varying vec3 vTint;
void main() { gl_FragColor = vec4(vTint, 1.); }`;

export class Ribbons {
  // over draws them over everything.
  constructor(stage, width, over = false) {
    this.stage = stage;
    this.material = new THREE.ShaderMaterial({
      vertexShader, fragmentShader, side: THREE.DoubleSide, depthTest: !over, depthWrite: !over,
      uniforms: { size: { value: new THREE.Vector2() }, width: { value: width }, time: { value: Infinity } },
    });
    this.mesh = new THREE.Mesh(new THREE.BufferGeometry(), this.material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = over ? 2 : 0;
    this.has = this.mesh.visible = false;
    this.mesh.onBeforeRender = () => this.material.uniforms.size.value.set(stage.size.w, stage.size.h);
  }

  // set shows segments: each has the ends from and to, three numbers each, a tint
  // of three bytes, and since, the time before which it is not there.
  set(segments) {
    this.mesh.geometry.dispose();
    this.has = this.mesh.visible = segments.length > 0;
    if (!this.has) return this.stage.draw();
    const g = new THREE.InstancedBufferGeometry();
    g.setAttribute("position", new THREE.Float32BufferAttribute([0, -1, 0, 1, -1, 0, 1, 1, 0, 0, 1, 0], 3));
    g.setIndex([0, 1, 2, 0, 2, 3]);
    g.instanceCount = segments.length;
    const fill = (name, width, of) => {
      const values = new Float32Array(width * segments.length);
      segments.forEach((s, i) => values.set(of(s), width * i));
      g.setAttribute(name, new THREE.InstancedBufferAttribute(values, width));
    };
    fill("from", 3, s => s.from);
    fill("to", 3, s => s.to);
    fill("tint", 3, s => s.tint.map(c => c / 255));
    fill("since", 1, s => [s.since ?? -1e9]);
    this.mesh.geometry = g;
    this.stage.draw();
  }

  set time(t) { this.material.uniforms.time.value = Number.isFinite(t) ? t : 1e9; }
}
