"use strict";
// Comfort only: without it the page is complete and every requirement stands in a plain list.
// Text from a server is never parsed as HTML here: it is compared, or cloned as it stands.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // The list and its filter; the state lives in the address, so that a view can be sent.
  const form = $("#filter"), rows = all("#rows > li"), fields = ["q", "level", "area", "model"];
  const haystack = rows.map((row) => row.textContent.toLowerCase());
  const models = all("select[name=model] option").slice(1).map((option) => option.value);
  const results = rows.map((row) => row.dataset.r.trim().split(" ").map((pair) => pair.split("@")));

  const state = () => {
    const found = new URLSearchParams();
    for (const name of fields) {
      const value = form.elements[name]?.value.trim();
      if (value) found.set(name, value);
    }
    const outcomes = all("[name=outcome]:checked", form).map((box) => box.value);
    if (outcomes.length) found.set("outcome", outcomes.join(","));
    return found;
  };

  const apply = () => {
    const want = state(), words = (want.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = want.get("outcome")?.split(","), model = String(models.indexOf(want.get("model")));
    let shown = 0;
    rows.forEach((row, n) => {
      const fits = words.every((word) => haystack[n].includes(word))
        && (!want.has("level") || row.dataset.l === want.get("level"))
        && (!want.has("area") || row.dataset.a === want.get("area"))
        && results[n].some(([outcome, index]) => (!outcomes || outcomes.includes(outcome))
          && (!want.has("model") || index === model || index === ""));
      row.hidden = !fits;
      shown += fits;
    });
    $("#shown").textContent = shown === rows.length ? `${shown}` : `${shown} of ${rows.length}`;
    $("#none").hidden = shown > 0;
  };

  const restore = (params) => {
    for (const name of fields) if (form.elements[name]) form.elements[name].value = params.get(name) ?? "";
    const outcomes = (params.get("outcome") ?? "").split(",");
    for (const box of all("[name=outcome]", form)) box.checked = outcomes.includes(box.value);
    apply();
  };

  const remember = () => {
    const hash = state().toString();
    try { history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search); } catch { /* file: in some browsers */ }
  };

  form.hidden = false;
  form.addEventListener("input", () => { apply(); remember(); });
  form.addEventListener("reset", () => setTimeout(() => { apply(); remember(); }));
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const link of all("a[data-outcome], a[data-area]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      restore(new URLSearchParams(Object.entries(link.dataset)));
      remember();
      $("#requirements").scrollIntoView();
      form.elements.q.focus({ preventScroll: true });
    });
  }

  // A link into something folded unfolds it.
  const unfold = () => {
    const hash = location.hash.slice(1);
    if (hash.includes("=")) { restore(new URLSearchParams(hash)); $("#requirements").scrollIntoView(); return; }
    let id = hash;
    try { id = decodeURIComponent(hash); } catch { /* not ours */ }
    const target = id && document.getElementById(id);
    if (!target) return;
    if (target.hidden) { form.reset(); apply(); }
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();

  // One exchange may prove several failures; its transcript stands once and is copied where it is asked for.
  for (const link of all("a[data-exchange]")) {
    link.addEventListener("click", (event) => {
      const home = document.getElementById(`x-${link.dataset.exchange}`);
      if (!home) return;
      event.preventDefault();
      const copy = home.cloneNode(true);
      copy.removeAttribute("id");
      copy.open = true;
      link.parentElement.replaceWith(copy);
      $("summary", copy).focus();
    });
  }

  // On paper only what is read there, unless all is asked for.
  const everything = $("#everything");
  if (everything) everything.addEventListener("change", () => document.body.classList.toggle("everything", everything.checked));

  for (const button of all("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = $("pre", button.parentElement);
      const done = () => { button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy"; }, 1500); };
      try {
        await navigator.clipboard.writeText(source.textContent);
        done();
      } catch {
        const range = document.createRange();
        range.selectNodeContents(source);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        if (document.execCommand("copy")) done();
      }
    });
  }
})();
