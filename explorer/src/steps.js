// j, k and the arrows step through what is listed; within the list also its ends and pages.
import { useEffect } from "preact/hooks";

export function useSteps(chosen, place, go) {
  useEffect(() => {
    const act = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      const inList = event.target.classList?.contains("list"); // elsewhere these keys scroll the page
      const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, ...(inList && { PageDown: 8, PageUp: -8 }) }[event.key];
      const end = inList ? { Home: 0, End: chosen.length - 1 }[event.key] : undefined;
      if (step === undefined && end === undefined) return;
      event.preventDefault();
      go(end ?? place + step);
    };
    addEventListener("keydown", act);
    return () => removeEventListener("keydown", act);
  }, [chosen, place]);
}
