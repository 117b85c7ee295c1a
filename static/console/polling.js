// Looks again and again while somebody looks at the page.

/** Does `work` every so many milliseconds while the page is visible, until `signal` ends it; `failed` is told what went wrong, and null when it works again. */
export function keepLooking(work, { every, failed, signal }) {
  let pause;
  const again = () => {
    if (!signal.aborted) pause = setTimeout(look, every);
  };
  async function look() {
    if (document.hidden) return again();
    try {
      await work();
      if (!signal.aborted) failed(null);
    } catch (error) {
      if (!signal.aborted) failed(error);
    }
    again();
  }
  signal.addEventListener("abort", () => clearTimeout(pause));
  again();
}
