// The card with the image of a keyframe, and looking through it.

export class Keyframes {
  // changed is called when one enters or leaves a keyframe.
  constructor(element, stage, cameras, navigator, changed) {
    Object.assign(this, { stage, cameras, navigator, changed });
    this.card = element.querySelector(".map-keyframe");
    this.image = this.card.querySelector("img");
    this.caption = this.card.querySelector("figcaption");
    this.button = this.card.querySelector("[data-act=through]");
    this.blend = this.card.querySelector("input");
    this.overlay = element.querySelector(".map-through");
    this.blend.addEventListener("input", () => this.place());
    stage.listeners.push(() => this.place());
  }

  // show opens the card of a keyframe.
  show(k) {
    if (!k || k === this.shown) return;
    this.shown = k;
    this.card.hidden = false;
    this.image.hidden = !k.image;
    if (k.image) this.image.src = this.overlay.src = k.image;
    this.caption.textContent = `keyframe ${k.id}, ${k.time.toFixed(2)} s`;
    if (this.stage.lens) this.enter();
  }

  act(name) {
    switch (name) {
      case "through": return this.stage.lens ? this.leave() : this.enter();
      case "previous": return this.step(-1);
      case "next": return this.step(1);
      case "close": return this.close();
    }
  }

  step(by) {
    const all = this.cameras.keyframes;
    this.show(all[(all.indexOf(this.shown) + by + all.length) % all.length]);
  }

  enter() {
    this.navigator.through(this.shown);
    this.update();
  }

  leave() {
    this.navigator.back();
    this.update();
  }

  close() {
    if (this.stage.lens) this.leave();
    this.card.hidden = true;
    this.shown = null;
  }

  update() {
    const inside = Boolean(this.stage.lens);
    this.button.setAttribute("aria-pressed", inside);
    this.blend.hidden = !inside;
    this.place();
    this.changed();
  }

  // place lays the image over what its camera should see.
  place() {
    const k = this.stage.lens;
    this.overlay.hidden = !k?.image;
    if (!k) return;
    const { x, y, scale } = this.stage.lensRect();
    Object.assign(this.overlay.style, {
      left: x + "px", top: y + "px", width: scale * k.w + "px", height: scale * k.h + "px", opacity: this.blend.value / 100,
    });
  }
}
