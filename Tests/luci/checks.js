'use strict';
// Shared by the tests. A test is a name and a function, and fails at the first check that does not hold.
const tests = [];
const test = (name, run, who = 'writer') => tests.push({ name, run, who });
const results = [];
function ok(holds, what) {
	if (!holds) throw new Error(what);
	results.push(what);
}
const is = (found, wanted, what) => ok(found === wanted, found === wanted ? what : `${what}: '${found}' is not '${wanted}'`);
const isReal = parameters.get('variant') == '0';
// Seconds until a check fails: long enough on a busy machine, and fewer with a planted fault.
const patience = isReal ? 30 : 3;
async function until(condition, what) {
	for (const end = Date.now() + patience * 1000; !condition();) {
		if (Date.now() > end) throw new Error(`not in ${patience} s: ${what}`);
		await new Promise(done => setTimeout(done, 5));
	}
	results.push(what);
}
// Waits as `until` does, and runs the page's polls, as LuCI does again and again.
async function follows(condition, what) {
	for (const end = Date.now() + patience * 1000; !condition();) {
		if (Date.now() > end) throw new Error(`not in ${patience} s: ${what}`);
		await Promise.all(polls.map(({ run }) => run()));
		await new Promise(done => setTimeout(done, 20));
	}
	results.push(what);
}
const server = (path, value = {}) => post(`${path}?${parameters}`, value);
const button = (node, title) => [ ...node.querySelectorAll('button') ].find(each => each.textContent == title);
const modal = () => document.querySelector('#modal');
const boxes = node => [ ...node.querySelectorAll('.alert-message') ].map(each => `${each.className}: ${each.textContent}`);
async function show(path) {
	polls.length = 0;
	const { view, node } = await load(path);
	const box = E('div', [ node ]);
	document.body.replaceChildren(box);
	return { view, box };
}
const status = 'view/dhcp-hook/status.js', settings = 'view/dhcp-hook/settings.js';
const overview = 'view/status/include/45_dhcp-hook.js';

window.hot = 0;
const hostile = '<img src=x onerror="hot++">\'"\n&amp;%s%d«';
// Translated words are in marks, so no word may be left outside marks.
function isTranslated(node) {
	let text = node.textContent;
	for (let before; before != text;) [ before, text ] = [ text, text.replace(/«[^«»]*»/g, '') ];
	const plain = text.match(/[A-Za-z]{2,}/g);
	ok(!plain, `each text can be translated, but: ${plain}`);
}
async function marked(run) {
	window.isMarked = true;
	try { await run(); } finally { window.isMarked = false; }
}

async function runTests() {
	const faults = [];
	for (const { name, run, who } of tests) {
		if (who != user || (faults.length && !isReal)) continue;
		begin([]);
		fakes = {};
		said.length = 0;
		ui.hideModal();
		try {
			await server('/reset');
			await run();
			if (window.hot || document.querySelector('#hot')) throw new Error('what is shown is HTML');
		} catch (fault) { faults.push(`${name}: ${fault.message}`); }
	}
	window.parent.postMessage({ faults, results }, '*');
}
