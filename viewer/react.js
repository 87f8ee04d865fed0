// <GirasolSpin> for React 18 and 19: attributes from props, listeners from onReady, onSwitch and so on.

import { createElement, forwardRef, useEffect, useImperativeHandle, useRef } from "react";

const EVENTS = ["ready", "tierchange", "anglechange", "switch", "progress", "manifest", "error"];
const nameOf = (event) => `on${event[0].toUpperCase()}${event.slice(1)}`;

export const GirasolSpin = forwardRef(function GirasolSpin({ children, className, hotspots, ...props }, ref) {
  const element = useRef(null);
  const latest = useRef(props);
  latest.current = props;
  useImperativeHandle(ref, () => element.current, []);
  useEffect(() => {
    // Servers have no custom elements: only browsers load the viewer.
    void import("./dist/girasol-spin.js");
    const listening = new AbortController();
    for (const event of EVENTS) {
      element.current.addEventListener(event, (detail) => latest.current[nameOf(event)]?.(detail), {
        signal: listening.signal,
      });
    }
    return () => listening.abort();
  }, []);
  useEffect(() => {
    // A property set before the element is defined would hide the element's setter.
    if (hotspots)
      void customElements
        .whenDefined("girasol-spin")
        .then(() => element.current && (element.current.hotspots = hotspots));
  }, [hotspots]);
  const attributes = Object.fromEntries(
    Object.entries(props)
      .filter(([name, value]) => !EVENTS.some((event) => nameOf(event) === name) && value !== false && value != null)
      .map(([name, value]) => [name, value === true ? "" : value]),
  );
  return createElement("girasol-spin", { ...attributes, class: className, ref: element }, children);
});
