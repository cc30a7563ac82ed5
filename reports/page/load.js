"use strict";
// Comfort only: without it the page is complete. Charts say their values to the pointer and to the arrow keys.
(() => {
  const svg = "http://www.w3.org/2000/svg";

  for (const chart of document.querySelectorAll("svg[data-read]")) {
    const { at, x, top, floor, series } = JSON.parse(chart.dataset.read);
    if (!at.length) continue;
    const output = document.createElement("output");
    output.className = "readout";
    chart.after(output);
    const mark = document.createElementNS(svg, "g");
    mark.setAttribute("class", "cursor");
    chart.append(mark);
    let place = -1;

    const show = (next) => {
      place = Math.max(0, Math.min(at.length - 1, next));
      mark.replaceChildren();
      const line = document.createElementNS(svg, "path");
      line.setAttribute("d", `M${at[place]} ${top}V${floor}`);
      mark.append(line);
      for (const [number, one] of series.entries()) {
        if (one.y[place] === null) continue;
        const dot = document.createElementNS(svg, "circle");
        dot.setAttribute("class", `dot s${number % 8}`);
        dot.setAttribute("cx", at[place]);
        dot.setAttribute("cy", one.y[place]);
        dot.setAttribute("r", 3.4);
        mark.append(dot);
      }
      const said = series.filter((one) => one.v[place] !== null).map((one) => `${one.name} ${one.v[place]}`);
      output.textContent = `${x[place]}: ${said.join(" · ") || "nothing measured"}`;
    };
    const hide = () => { place = -1; mark.replaceChildren(); output.textContent = ""; };

    const nearest = (event) => {
      const box = chart.getBoundingClientRect();
      const px = (event.clientX - box.left) * chart.viewBox.baseVal.width / box.width;
      let best = 0;
      at.forEach((one, n) => { if (Math.abs(one - px) < Math.abs(at[best] - px)) best = n; });
      return best;
    };
    chart.addEventListener("pointermove", (event) => show(nearest(event)));
    chart.addEventListener("pointerdown", (event) => show(nearest(event)));
    chart.addEventListener("pointerleave", () => { if (document.activeElement !== chart) hide(); });
    chart.addEventListener("focus", () => { if (place < 0) show(0); });
    chart.addEventListener("blur", hide);
    chart.addEventListener("keydown", (event) => {
      const page = Math.ceil(at.length / 10);
      const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: page, PageUp: -page }[event.key];
      if (step) show(place + step);
      else if (event.key === "Home") show(0);
      else if (event.key === "End") show(at.length - 1);
      else if (event.key === "Escape") chart.blur();
      else return;
      event.preventDefault();
    });
  }
})();
