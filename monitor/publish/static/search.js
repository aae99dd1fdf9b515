/* Search in the browser. Without it every page reads as well. */
(function () {
  "use strict";
  var form = document.querySelector("form.search");
  var data = window.EVIDENCE_INDEX;
  if (!form || !data || typeof MiniSearch === "undefined") return;
  var input = form.querySelector("input");
  var list = form.querySelector("ul");
  var engine = null;
  function ready() {
    if (!engine) {
      engine = new MiniSearch({ idField: "f", fields: ["t", "a", "l", "q"], storeFields: ["t", "c"] });
      engine.addAll(data);
    }
    return engine;
  }
  function show() {
    var text = input.value.trim();
    list.textContent = "";
    if (text.length < 2) return;
    var hits = ready().search(text, { prefix: true, fuzzy: 0.15, boost: { t: 3, a: 2 }, combineWith: "AND" }).slice(0, 20);
    if (!hits.length) {
      list.appendChild(document.createElement("li")).textContent = "Nothing found.";
    }
    hits.forEach(function (hit) {
      var item = document.createElement("li");
      var link = document.createElement("a");
      link.href = form.dataset.root + "papers/" + hit.id + ".html";
      link.textContent = hit.t;
      var by = document.createElement("span");
      by.className = "by";
      by.textContent = hit.c;
      item.appendChild(link);
      item.appendChild(by);
      list.appendChild(item);
    });
  }
  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  input.addEventListener("focus", ready, { once: true });
  input.addEventListener("input", show);
})();
