// The time slider: shows the map as it was at a time, and plays the run.

const mostSeconds = 20; // that playing takes

export class Replay {
  // show is called with the time from the start, Infinity for the end.
  constructor(bar, show) {
    this.bar = bar;
    this.show = show;
    this.slider = bar.querySelector("input");
    this.button = bar.querySelector("button");
    this.label = bar.querySelector("output");
    this.duration = 0;
    this.slider.addEventListener("input", () => {
      this.stop();
      this.go(+this.slider.value);
    });
    this.button.addEventListener("click", () => this.playing ? this.stop() : this.play());
  }

  // set gives the length of the run; whoever looks at the end stays there.
  set(duration) {
    const end = !Number.isFinite(this.time ?? Infinity);
    this.duration = duration;
    this.bar.hidden = !(duration > 0);
    this.slider.max = duration;
    this.slider.step = duration / 2000 || 1;
    if (end) this.go(Infinity);
  }

  go(t) {
    const end = t >= this.duration * (1 - 1e-6);
    this.time = end ? Infinity : t;
    this.slider.value = end ? this.duration : t;
    this.label.textContent = `${(end ? this.duration : t).toFixed(1)} of ${this.duration.toFixed(1)} s`;
    this.show(this.time);
  }

  play() {
    this.playing = true;
    this.button.textContent = "❚❚";
    if (!Number.isFinite(this.time)) this.go(0);
    const speed = Math.max(1, this.duration / mostSeconds);
    const step = (now, last) => {
      if (!this.playing) return;
      this.go(this.time + speed * (now - last) / 1000);
      if (!Number.isFinite(this.time)) return this.stop();
      requestAnimationFrame(t => step(t, now));
    };
    requestAnimationFrame(t => step(t, t));
  }

  stop() {
    this.playing = false;
    this.button.textContent = "▶";
  }
}
