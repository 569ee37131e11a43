// Starts the page: unpacks the modules that lie in it, gives them names that they
// can import one another by, unpacks the map and hands both over. Nothing is
// fetched: modules become blobs.
"use strict";
(async () => {
  const element = document.getElementById("map");
  const bytes = text => {
    const chars = atob(text), out = new Uint8Array(chars.length);
    for (let i = 0; i < out.length; i++) out[i] = chars.charCodeAt(i);
    return out;
  };
  const unpack = packed => new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")));
  const say = text => {
    const note = element.querySelector(".map-note");
    note.textContent = text;
    note.hidden = false;
  };
  try {
    if (!("DecompressionStream" in window) || !HTMLScriptElement.supports?.("importmap")) {
      return say("This browser is too old to show the map; one of 2023 or later does.");
    }
    if (!document.createElement("canvas").getContext("webgl2")) {
      return say("This browser draws nothing in three dimensions (WebGL 2 is off or missing), so the map cannot be shown.");
    }
    // All are unpacked at once: each waits for threads of the browser.
    const scene = document.getElementById("scene");
    const packed = scene.textContent.trim();
    const buffer = packed ? unpack(bytes(packed)).arrayBuffer() : null;
    const imports = {};
    await Promise.all(Array.from(document.querySelectorAll("script[data-module]"), async part => {
      const name = part.dataset.module;
      const text = await unpack(bytes(part.textContent)).text();
      const blob = new Blob([text, `\n//# sourceURL=metricslam/${name}\n`], { type: "text/javascript" });
      imports[name] = URL.createObjectURL(blob);
      part.remove();
    }));
    const map = document.createElement("script");
    map.type = "importmap";
    map.textContent = JSON.stringify({ imports });
    document.head.append(map);
    const { start } = await import("main.js");
    start(element, await buffer, scene.dataset.socket);
    scene.textContent = "";
  } catch (err) {
    say("The map cannot be shown: " + err.message);
    throw err;
  }
})();
