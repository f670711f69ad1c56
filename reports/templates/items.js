"use strict";
// Shows every test item: search, filters, and a detail view. All text goes in as text, never as markup.
(() => {
  // Only what scrolls takes the keyboard's focus. Browsers do so by themselves, but not all of them.
  const reach = () => {
    for (const part of document.querySelectorAll(".scroll")) {
      if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);
  reach();

  const find = (id) => document.getElementById(id);
  const pack = find("item-pack"), explorer = find("explorer");
  if (!pack || !explorer || !("DecompressionStream" in window)) return;
  const PAGE = 50, RIGHT = 0.5;
  let data, shown = PAGE, matches = [], opener = null;

  const make = (tag, css, text) => {
    const made = document.createElement(tag);
    if (css) made.className = css;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const said = (number) => data.strings[number];
  const mark = (reply) => {
    if (!reply) return ["not asked", "absent"];
    if (reply[0] === null) return ["not scored", "absent"];
    if (reply[0] === 1 || reply[0] === 0) return reply[0] ? ["right", "good"] : ["wrong", "bad"];
    return [(100 * reply[0]).toFixed(1) + "%", reply[0] >= RIGHT ? "good" : "bad"];
  };
  const isRight = (reply) => Boolean(reply && reply[0] !== null && reply[0] >= RIGHT);
  const isWrong = (reply) => Boolean(reply && reply[0] !== null && reply[0] < RIGHT);
  const question = (item) => said(item.turns[item.turns.length - 1][1]);

  const words = (item) => {
    if (!item.words) {
      const texts = [item.id, item.target, ...item.accepted, ...item.turns.map((turn) => turn[1])];
      for (const reply of item.replies) if (reply) texts.push(reply[2], reply[3], ...reply[9]);
      item.words = texts.filter((number) => number >= 0).map(said).join("\n").toLowerCase();
    }
    return item.words;
  };
  const agreement = (item) => {
    const scored = item.replies.filter((reply) => reply && reply[0] !== null);
    const right = scored.filter(isRight).length;
    if (!scored.length) return "unmeasured";
    return right === 0 ? "wrong" : right === scored.length ? "right" : "split";
  };
  const hasOutcome = (reply, wanted) => {
    if (wanted === "right") return isRight(reply);
    if (wanted === "wrong") return isWrong(reply);
    return Boolean(reply) && String(reply[1]) === wanted;
  };
  const chosen = () => {
    const value = (id) => find(id).value;
    return {
      text: value("find-text").trim().toLowerCase(), arm: value("find-arm"), outcome: value("find-outcome"),
      agreement: value("find-agreement"), slice: value("find-slice"), better: value("find-better"), worse: value("find-worse"),
    };
  };
  const fits = (item, by) => {
    if (by.text && !words(item).includes(by.text)) return false;
    if (by.agreement && agreement(item) !== by.agreement) return false;
    if (by.outcome) {
      const replies = by.arm ? [item.replies[by.arm]] : item.replies;
      if (!replies.some((reply) => hasOutcome(reply, by.outcome))) return false;
    }
    if (by.better && !isRight(item.replies[by.better])) return false;
    if (by.worse && !isWrong(item.replies[by.worse])) return false;
    if (!by.slice) return true;
    const [dimension, value] = by.slice.split(":").map(Number);
    return item.slices[dimension] === value;
  };

  const row = (item, by) => {
    const line = make("li"), link = make("a", "found");
    link.href = "#item-" + item.place;
    link.append(make("span", "found-id", said(item.id)), make("span", "found-text", question(item).slice(0, 160)));
    const marks = make("span", "found-marks"), right = item.replies.filter(isRight).length;
    if (by.arm) {
      const [text, mood] = mark(item.replies[by.arm]);
      marks.append(make("span", "mark-word " + mood, text), " ");
    }
    marks.append(make("span", "tag", right + " of " + item.replies.length + " right"));
    link.append(marks);
    line.append(link);
    return line;
  };
  const draw = () => {
    const by = chosen(), list = find("found-list");
    list.replaceChildren(...matches.slice(0, shown).map((item) => row(item, by)));
    const here = data.items.length;
    find("found-count").textContent = matches.length + " of " + here + (here === 1 ? " item" : " items");
    find("found-more").hidden = matches.length <= shown;
  };
  const search = () => {
    const by = chosen();
    shown = PAGE;
    matches = data.items.filter((item) => fits(item, by));
    draw();
  };

  const term = (list, name, text, css) => list.append(make("dt", "", name), make("dd", css || "model", text));
  const prompt = (turns) => {
    const list = make("dl", "question");
    for (const [role, parts] of turns) term(list, role, parts.map(said).join(""));
    return list;
  };
  const folded = (title, ...inside) => {
    const details = make("details");
    details.append(make("summary", "", title), ...inside);
    return details;
  };
  const answer = (reply, index) => {
    const [name, plain] = data.arms[index], part = make("section", "reply"), [text, mood] = mark(reply);
    const head = make("h3");
    head.append(make("span", "", plain + " "), make("span", "tag", name + " "), make("span", "mark-word " + mood, text));
    part.append(head);
    if (!reply) return part;
    const list = make("dl", "question");
    term(list, "read out", reply[2] < 0 ? data.outcomes[reply[1]] : said(reply[2]), reply[2] < 0 ? "cut" : "model");
    term(list, "completion", said(reply[3]) || "(empty)");
    const cost = [data.outcomes[reply[1]], reply[4] + " tokens in", reply[5] + " out", reply[6] + " s"];
    if (reply[7] !== null) cost.push("probability " + (100 * reply[7]).toFixed(1) + "%");
    term(list, "cost", cost.join(", "), "");
    if (reply[9].length) term(list, "passages", reply[9].map(said).join(", "));
    part.append(list);
    part.append(reply[8] ? folded("The prompt as the model was shown it", prompt(reply[8]))
      : make("p", "cut", "The prompt is not known: its passages were not kept, or it could not be built."));
    return part;
  };
  const open = (place) => {
    const item = data.items[place - 1], dialog = find("item-detail");
    if (!item) return;
    const head = make("h2", "", said(item.id)), list = make("dl", "question"), close = make("button", "", "Close");
    close.type = "button";
    close.addEventListener("click", () => dialog.close());
    head.id = "item-title";
    for (const [role, number] of item.turns) term(list, role, said(number));
    for (const [name, text] of item.columns) term(list, said(name), said(text));
    term(list, "right answer", said(item.target), "model target-text");
    if (item.accepted.length) term(list, "as right", item.accepted.map(said).join(", "));
    item.slices.forEach((value, index) => { if (value >= 0) term(list, data.slices[index], said(value)); });
    const bar = make("p", "detail-bar");
    bar.append(close, make("span", "tag", "item " + place + " of " + data.total + "; link: #item-" + place));
    dialog.replaceChildren(bar, head, list, ...item.replies.map(answer));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  };
  const follow = () => {
    const found = /^#item-(\d+)$/.exec(location.hash);
    if (found) open(Number(found[1]));
  };

  const option = (select, value, text) => {
    const made = make("option", "", text);
    made.value = value;
    select.append(made);
  };
  const fill = () => {
    data.arms.forEach(([name, plain], index) => {
      for (const id of ["find-arm", "find-better", "find-worse"]) option(find(id), index, plain + " (" + name + ")");
    });
    const ended = new Set(data.items.flatMap((item) => item.replies.map((reply) => (reply ? reply[1] : -1))));
    data.outcomes.forEach((text, index) => { if (ended.has(index)) option(find("find-outcome"), index, text); });
    data.slices.forEach((name, dimension) => {
      const values = [...new Set(data.items.map((item) => item.slices[dimension]))].filter((value) => value >= 0);
      const group = make("optgroup");
      group.label = name;
      values.sort((a, b) => said(a).localeCompare(said(b)));
      for (const value of values) option(group, dimension + ":" + value, said(value).slice(0, 60));
      find("find-slice").append(group);
    });
  };
  const begin = async () => {
    const bytes = Uint8Array.from(atob(pack.textContent.trim()), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    data = JSON.parse(await new Response(stream).text());
    data.items.forEach((item, index) => { item.place = index + 1; });
    fill();
    for (const control of explorer.querySelectorAll("select, input")) control.addEventListener("input", search);
    find("found-more").addEventListener("click", () => { shown += PAGE; draw(); });
    find("item-detail").addEventListener("close", () => {
      history.replaceState(null, "", location.pathname + location.search);
      if (opener) opener.focus();
    });
    find("found-list").addEventListener("click", (event) => { opener = event.target.closest("a"); });
    explorer.hidden = false;
    document.documentElement.classList.add("has-items");
    search();
    addEventListener("hashchange", follow);
    follow();
  };
  begin();
})();
