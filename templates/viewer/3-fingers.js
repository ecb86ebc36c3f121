// What fingers and the mouse do on the stage: a stroke to the side, a pull down, two fingers apart, a double tap.

const slack = 8; // CSS pixels that a finger may move and still tap
const soon = 350; // milliseconds between the taps of two
const brief = 250; // milliseconds of a stroke that counts although it is short

/**
 * Follows all pointers on `stage`. The viewer is told of each move while it lasts (`drag`, `pull`), and of the end:
 * `drop` and `release` are given how far it was, and how far is enough. The slide that is seen is magnified and moved here.
 */
export function follow(stage, viewer) {
  const down = new Map();
  let deed, start, tapped;

  const middle = () => {
    const points = [...down.values()];
    const mean = (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
    const [x, y] = [mean("x"), mean("y")];
    return { x, y, apart: Math.hypot(points[0].x - x, points[0].y - y) };
  };
  const point = ({ clientX: x, clientY: y, timeStamp }) => ({ x, y, timeStamp });

  /** What a first move means. */
  const meant = (x, y, { pointerType, target }) => {
    if (viewer.slide.magnified) return "pan";
    if (Math.abs(x) > Math.abs(y)) return "drag";
    return pointerType !== "mouse" && y > 0 && !target.closest("figcaption") ? "pull" : "nothing";
  };

  stage.addEventListener("pointerdown", (event) => {
    const mouse = event.pointerType === "mouse";
    if (event.button || (mouse && event.target.closest("figcaption, button"))) return;
    // A finger may have been lifted elsewhere.
    if (event.isPrimary) down.clear();
    down.set(event.pointerId, point(event));
    if (down.size > 1) {
      if (deed === "drag") viewer.drop(0, slack);
      if (deed === "pull") viewer.release(0, slack);
      deed = "pinch";
    } else [deed, start] = [undefined, point(event)];
  });

  stage.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const now = point(event);
    const was = middle();
    down.set(event.pointerId, now);
    const [x, y] = [now.x - start.x, now.y - start.y];
    if (!deed && Math.hypot(x, y) > slack) {
      deed = meant(x, y, event);
      stage.setPointerCapture(event.pointerId);
    }
    if (deed === "drag") viewer.drag(x);
    if (deed === "pull") viewer.pull(Math.max(y, 0));
    if (deed === "pan") viewer.slide.pan(now.x - before.x, now.y - before.y);
    if (deed === "pinch") {
      const is = middle();
      viewer.slide.magnify(is.apart / was.apart || 1, was.x, was.y);
      viewer.slide.pan(is.x - was.x, is.y - was.y);
    }
  });

  const lift = (event) => {
    if (!down.delete(event.pointerId)) return;
    const { x, y, timeStamp } = event.type === "pointerup" ? point(event) : start;
    const enough = timeStamp - start.timeStamp < brief ? 4 * slack : innerWidth / 5;
    if (deed === "drag") viewer.drop(x - start.x, enough);
    if (deed === "pull") viewer.release(y - start.y, enough);
    if (deed === "pinch") viewer.slide.rest();
    // The finger that stays moves what is magnified.
    deed = deed === "pinch" && down.size && viewer.slide.magnified ? "pan" : "nothing";
  };
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);

  stage.addEventListener("click", ({ target, clientX: x, clientY: y, timeStamp }) => {
    if (!target.closest(".viewer-frame")) return;
    const twice = tapped && timeStamp - tapped.timeStamp < soon && Math.hypot(x - tapped.x, y - tapped.y) < 4 * slack;
    tapped = twice ? undefined : { x, y, timeStamp };
    if (!twice) return;
    viewer.slide.smoothly((slide) => (slide.magnified ? slide.fit() : slide.magnify(2.5, x, y)));
  });

  // A pinch on a touch pad is a wheel with the control key.
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !viewer.slide.magnified) return;
      event.preventDefault();
      if (event.ctrlKey) viewer.slide.magnify(Math.exp(-event.deltaY / 200), event.clientX, event.clientY);
      else viewer.slide.pan(-event.deltaX, -event.deltaY);
      viewer.slide.rest();
    },
    { passive: false },
  );
}
