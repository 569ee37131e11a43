// What a run that goes on does: its state, its scale, and what its camera sees.

export class Status {
  constructor(card) {
    this.card = card;
    this.text = document.createElement("small");
    this.image = document.createElement("img");
    this.image.alt = "what the camera sees";
    this.image.style.width = "100%";
    card.append(this.image, this.text);
    this.image.hidden = true;
    this.lines = [];
  }

  connection(state) {
    this.state = { connected: "", finished: "the run has ended", waiting: "no connection; trying again" }[state];
    this.show();
  }

  // frame shows what the camera sees, and where it is.
  frame({ meta, column }, page) {
    this.lines = meta.lines;
    const jpeg = column("image");
    if (jpeg?.length) {
      URL.revokeObjectURL(this.image.src);
      this.image.src = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
      this.image.hidden = false;
    }
    page.cameras.follow(meta.camera);
    this.show();
  }

  show() {
    this.card.hidden = false;
    this.text.style.whiteSpace = "pre-line";
    this.text.textContent = [this.state, ...this.lines].filter(Boolean).join("\n");
  }
}
