// The canvas, its cameras and what is drawn: on demand, when something has changed.
import * as THREE from "three";

// Colours go to the screen as they are: images are in the screen's space already.
THREE.ColorManagement.enabled = false;

const fieldOfView = 55; // degrees, vertical

export class Stage {
  constructor(element) {
    this.element = element;
    this.canvas = element.querySelector("canvas");
    this.renderer = new THREE.WebGLRenderer({ canvas: this.canvas, antialias: true });
    this.renderer.outputColorSpace = THREE.LinearSRGBColorSpace;
    this.renderer.localClippingEnabled = true;
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.scene = new THREE.Scene();
    // What is in the frame of the map; it is turned so that y points up.
    this.root = new THREE.Group();
    this.scene.add(this.root);
    this.perspective = new THREE.PerspectiveCamera(fieldOfView, 1, .01, 1000);
    this.ortho = new THREE.OrthographicCamera(-1, 1, 1, -1, 0, 1000);
    this.camera = this.perspective;
    this.lens = null; // a keyframe whose camera is looked through
    this.extent = 10; // of the scene, metres
    this.focus = null; // distance of what is looked at; null: anything
    this.listeners = []; // called after each drawing
    this.images = 0; // drawn so far
    this.size = { w: 1, h: 1 };
    new ResizeObserver(() => this.resize()).observe(element);
    this.resize();
  }

  resize() {
    const w = Math.max(1, this.element.clientWidth), h = Math.max(1, this.element.clientHeight);
    this.size = { w, h };
    this.renderer.setSize(w, h, false);
    this.draw();
  }

  // setUp turns the map's direction up to y.
  setUp(up) {
    const v = new THREE.Vector3(...up).normalize();
    this.root.quaternion.setFromUnitVectors(v, new THREE.Vector3(0, 1, 0));
    this.root.updateMatrixWorld(true);
  }

  // draw asks for a drawing before the next image of the screen.
  draw() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.render();
    });
  }

  render() {
    this.scene.background = new THREE.Color(getComputedStyle(this.element).getPropertyValue("--map-sky").trim());
    this.fitCameras();
    this.renderer.render(this.scene, this.camera);
    this.images++;
    for (const f of this.listeners) f();
  }

  fitCameras() {
    const { w, h } = this.size, p = this.perspective, o = this.ortho;
    p.aspect = w / h;
    // The depth buffer has no more than 24 bits: nothing is drawn that is far nearer
    // than what is looked at.
    p.near = this.focus ? Math.max(this.focus / 200, .002) : Math.min(.05, this.extent / 2000);
    p.far = 4 * this.extent + 2 * p.position.length();
    p.updateProjectionMatrix();
    if (this.lens) {
      p.projectionMatrix.copy(projection(this.lens, this.lensRect(), this.size, p.near, p.far));
      p.projectionMatrixInverse.copy(p.projectionMatrix).invert();
    }
    o.left = -(o.right = o.top * w / h);
    o.far = 4 * this.extent;
    o.updateProjectionMatrix();
    this.camera.updateMatrixWorld();
  }

  // lensRect is where the image of the lens lies on the canvas.
  lensRect() {
    const { w, h } = this.size, k = this.lens;
    const scale = Math.min(w / k.w, h / k.h);
    return { x: (w - scale * k.w) / 2, y: (h - scale * k.h) / 2, scale };
  }

  // ray returns the ray through a pixel of the canvas.
  ray(x, y) {
    const caster = new THREE.Raycaster();
    caster.setFromCamera(new THREE.Vector2(2 * x / this.size.w - 1, 1 - 2 * y / this.size.h), this.camera);
    return caster;
  }

  // project returns the pixel of a point, null behind the camera.
  project(point) {
    const p = point.clone().applyMatrix4(this.camera.matrixWorldInverse);
    if (p.z > 0) return null;
    p.applyMatrix4(this.camera.projectionMatrix);
    return { x: (p.x + 1) / 2 * this.size.w, y: (1 - p.y) / 2 * this.size.h };
  }

  // toWorld turns a point of the map's frame.
  toWorld(xyz) {
    return new THREE.Vector3(...xyz).applyQuaternion(this.root.quaternion);
  }
}

// projection returns the matrix of a pinhole camera whose image lies in rect.
function projection(k, rect, size, near, far) {
  const fx = rect.scale * k.fx, fy = rect.scale * k.fy;
  const cx = rect.x + rect.scale * (k.cx + .5), cy = rect.y + rect.scale * (k.cy + .5);
  return new THREE.Matrix4().set(
    2 * fx / size.w, 0, 1 - 2 * cx / size.w, 0,
    0, 2 * fy / size.h, 2 * cy / size.h - 1, 0,
    0, 0, -(far + near) / (far - near), -2 * far * near / (far - near),
    0, 0, -1, 0);
}
