// A run that goes on: what the program sends over its WebSocket.
import { decode } from "container.js";

const retryMS = 2000;

// follow calls take with each message: a scene, or what the camera sees now. state
// is called with "connected", "finished" or "waiting".
export function follow(path, take, state) {
  let finished = false;
  let taken = Promise.resolve(); // messages are taken one after the other
  const receive = async data => {
    const packed = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
    const message = decode(await new Response(packed).arrayBuffer());
    take(message);
    if (message.meta.finished) state("finished");
    finished ||= Boolean(message.meta.finished);
  };
  const connect = () => {
    const socket = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => state("connected");
    socket.onmessage = e => { taken = taken.then(() => receive(e.data)); };
    socket.onclose = () => {
      if (finished) return;
      state("waiting");
      setTimeout(connect, retryMS);
    };
  };
  connect();
}
