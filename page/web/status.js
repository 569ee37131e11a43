// What a run that goes on does: its state, its scale, and what its camera sees.

export class Status {
  constructor(card) {
    this.card = card;
    this.text = document.createElement("small");
    this.picture = document.createElement("img");
    this.picture.alt = "what the camera sees";
    this.picture.style.width = "100%";
    card.append(this.picture, this.text);
    this.picture.hidden = true;
    this.lines = [];
  }

  connection(state) {
    this.state = { connected: "", finished: "the run has ended", waiting: "no connection; trying again" }[state];
    this.show();
  }

  // frame shows what the camera sees, and where it is.
  frame({ meta, column }, page) {
    this.lines = meta.lines;
    const jpeg = column("picture");
    if (jpeg?.length) {
      URL.revokeObjectURL(this.picture.src);
      this.picture.src = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
      this.picture.hidden = false;
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
