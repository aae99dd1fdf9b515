/* Search in the browser. Without it every page reads as well.
   The index is loaded when the field is used. Until its words are sorted in, which is done in small
   slices so that typing is never held up, papers are found by looking through them one by one. */
(function () {
  "use strict";
  var form = document.querySelector("form.search");
  if (!form) return;
  var input = form.querySelector("input");
  var list = form.querySelector("#found");
  var status = form.querySelector("[role=status]");
  var facets = form.querySelector(".facets");
  var say = form.dataset;
  var FILE = 0, TITLE = 1, CITATION = 2, YEAR = 3, DESIGN = 4, N = 5, TOPICS = 6, SIDES = 7, PEOPLE = 8, AUTHORS = 9, QUOTES = 10, STANDING = 11;
  var SHOWN = 30, SLICE = 60, MOST = 6000;
  var index = null, engine = null, sorted = false, loading = false, chosen = {}, plain = [];

  function load() {
    if (loading) return;
    loading = true;
    if (input.value) status.textContent = say.loading;
    var script = document.createElement("script");
    script.src = say.root + "static/search-index.js";
    script.onload = ready;
    document.head.appendChild(script);
  }

  function labels(paper) {
    var words = [index.designs[paper[DESIGN]]];
    paper[SIDES].forEach(function (side) { words.push(index.mechanisms[side[0]]); });
    paper[PEOPLE].forEach(function (who) { words.push(index.people[who]); });
    paper[TOPICS].forEach(function (topic) { words.push(index.topics[topic]); });
    return words.join(" ");
  }

  function ready() {
    index = window.EVIDENCE_INDEX;
    plain = index.papers.map(function (paper) {
      return (paper[TITLE] + " " + paper[AUTHORS] + " " + paper[QUOTES] + " " + labels(paper)).toLowerCase();
    });
    if (say.facets === "true") choices();
    if (window.MiniSearch) {
      engine = new window.MiniSearch({
        idField: "id", fields: ["title", "authors", "quotes", "labels"],
        searchOptions: { prefix: function (term, i, terms) { return i === terms.length - 1; }, boost: { title: 3, authors: 2 }, combineWith: "AND" }
      });
      sortIn(0);
    }
    show();
  }

  function sortIn(start) {
    var end = Math.min(start + SLICE, index.papers.length);
    for (var i = start; i < end; i += 1) {
      var paper = index.papers[i];
      engine.add({ id: i, title: paper[TITLE], authors: paper[AUTHORS], quotes: paper[QUOTES], labels: labels(paper) });
    }
    if (end < index.papers.length) window.setTimeout(sortIn, 0, end);
    else { sorted = true; form.dataset.sorted = "true"; }
  }

  function fits(paper) {
    return (!chosen.design || paper[DESIGN] === Number(chosen.design)) &&
      (!chosen.topic || paper[TOPICS].indexOf(Number(chosen.topic)) >= 0) &&
      (!chosen.people || paper[PEOPLE].indexOf(Number(chosen.people)) >= 0) &&
      (!chosen.from || paper[YEAR] >= Number(chosen.from)) &&
      (!chosen.until || (paper[YEAR] && paper[YEAR] <= Number(chosen.until))) &&
      ((!chosen.mechanism && !chosen.stance) || paper[SIDES].some(function (side) {
        return (!chosen.mechanism || side[0] === Number(chosen.mechanism)) && (!chosen.stance || side[1] === Number(chosen.stance));
      }));
  }

  /* Papers that hold every word, those first that hold them in the title, then the newest; and how
     many papers hold each word, summed up: what ranking by the index would have to go through. */
  function lookThrough(text) {
    var words = text.toLowerCase().split(/\s+/).filter(Boolean);
    var found = [], work = 0;
    index.papers.forEach(function (paper, i) {
      var held = words.filter(function (word) { return plain[i].indexOf(word) >= 0; }).length;
      work += held;
      if (held < words.length || !fits(paper)) return;
      var title = paper[TITLE].toLowerCase();
      var inTitle = words.every(function (word) { return title.indexOf(word) >= 0; });
      found.push([i, (inTitle ? 10000 : 0) + paper[YEAR]]);
    });
    found.sort(function (a, b) { return b[1] - a[1]; });
    return { hits: found.map(function (hit) { return hit[0]; }), work: work };
  }

  function search(text) {
    var looked = lookThrough(text);
    if (!sorted || text.length < 4 || looked.work > MOST) return looked.hits;
    var filter = function (hit) { return fits(index.papers[hit.id]); };
    var hits = engine.search(text, { filter: filter });
    if (!hits.length && !looked.hits.length) hits = engine.search(text, { filter: filter, fuzzy: 0.25 });
    return hits.length ? hits.map(function (hit) { return hit.id; }) : looked.hits;
  }

  function show() {
    if (!index) { load(); return; }
    var text = input.value.trim();
    var narrowed = Object.keys(chosen).some(function (name) { return chosen[name]; });
    list.textContent = "";
    status.textContent = "";
    if (text.length < 2 && !narrowed) return;
    var hits = search(text);
    status.textContent = !hits.length ? say.nothing :
      say.found + " " + hits.length.toLocaleString(document.documentElement.lang) + "." + (hits.length > SHOWN ? " " + say.first : "");
    var lines = document.createDocumentFragment();
    hits.slice(0, SHOWN).forEach(function (hit) { lines.appendChild(line(index.papers[hit])); });
    list.appendChild(lines);
  }

  function line(paper) {
    var item = document.createElement("li");
    var link = document.createElement("a");
    link.href = say.root + "papers/" + paper[FILE] + ".html";
    link.textContent = paper[TITLE];
    item.appendChild(link);
    if (paper[STANDING]) {
      var flag = document.createElement("strong");
      flag.className = "flag";
      flag.textContent = " " + (paper[STANDING] === 1 ? say.retracted : say.withdrawn);
      item.appendChild(flag);
    }
    var by = document.createElement("span");
    by.className = "by";
    by.textContent = [paper[CITATION], index.designs[paper[DESIGN]], paper[N] ? "n\u00a0=\u00a0" + paper[N].toLocaleString(document.documentElement.lang) : ""].filter(Boolean).join(" · ");
    item.appendChild(by);
    return item;
  }

  function choices() {
    var counts = {};
    index.papers.forEach(function (paper) { if (paper[YEAR]) counts[paper[YEAR]] = true; });
    var years = Object.keys(counts).sort();
    choice("topic", index.topics);
    choice("design", index.designs);
    choice("mechanism", index.mechanisms);
    choice("stance", index.stances);
    choice("people", index.people);
    choice("from", years, years);
    choice("until", years.slice().reverse(), years.slice().reverse());
  }

  function choice(name, words, values) {
    var box = document.createElement("p");
    var label = document.createElement("label");
    var select = document.createElement("select");
    label.textContent = say[name];
    label.htmlFor = select.id = "choose-" + name;
    select.add(new Option(say.any, ""));
    var order = words.map(function (word, i) { return [word, values ? values[i] : i]; });
    if (!values && name !== "stance" && name !== "topic") order.sort(function (a, b) { return a[0].localeCompare(b[0]); });
    order.forEach(function (pair) { select.add(new Option(pair[0], String(pair[1]))); });
    select.addEventListener("change", function () { chosen[name] = select.value; show(); });
    box.appendChild(label);
    box.appendChild(select);
    facets.appendChild(box);
  }

  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  input.addEventListener("focus", load, { once: true });
  input.addEventListener("input", show);
  if (say.facets === "true") window.setTimeout(load, 0);
})();
