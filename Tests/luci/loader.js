'use strict';
// Stands for the part of LuCI's client that our views use, and for nothing else: a name that is not here is a fault. As
// there, a string by itself is HTML, be it a child or a table's cell, and one in a list is text.
const parameters = new URLSearchParams(location.search);
const [ variant, user ] = [ parameters.get('variant'), parameters.get('user') ];

function strict(name, object) {
	return new Proxy(object, {
		get(target, key) {
			if (key in target || typeof key == 'symbol' || key == 'then') return target[key];
			throw new Error(`${name} has no ${key}`);
		},
	});
}

// With marks around whatever can be translated.
window.isMarked = false;
window._ = words => isMarked ? `«${words}»` : words;

String.prototype.format = function(...values) {
	let used = 0;
	const result = this.replace(/%([%dsht])/g, (all, kind) => {
		if (kind == '%') return '%';
		if (used >= values.length) throw new Error(`too few values for "${this}"`);
		const value = values[used++];
		switch (kind) {
		case 'd': return `${Math.floor(+value || 0)}`;
		case 'h': return `${value}`.replace(/[<>&"']/g, character => `&#${character.charCodeAt(0)};`);
		case 't': return `${Math.floor(value / 3600)}h ${Math.floor(value / 60) % 60}m ${Math.floor(value % 60)}s`;
		default: return `${value}`;
		}
	});
	if (used != values.length) throw new Error(`too many values for "${this}"`);
	return result;
};

function append(node, children) {
	if (Array.isArray(children)) {
		for (const child of children)
			if (child instanceof Node) node.append(child);
			else if (child != null) node.append(`${child}`);
	} else if (children instanceof Node) node.append(children);
	else if (children != null) node.innerHTML = children;
}

window.E = function(tag, attributes, children) {
	if (Array.isArray(tag)) {
		const fragment = document.createDocumentFragment();
		append(fragment, tag);
		return fragment;
	}
	if (typeof attributes != 'object' || attributes == null || attributes instanceof Node || Array.isArray(attributes))
		[ attributes, children ] = [ {}, attributes ];
	const node = document.createElement(tag);
	for (const [ name, value ] of Object.entries(attributes)) {
		if (typeof value == 'function') node.addEventListener(name, value);
		else if (value != null) node.setAttribute(name, value);
	}
	append(node, children);
	return node;
};

window.cbi_update_table = function(table, rows, placeholder) {
	const titles = table.querySelectorAll('th').length;
	table.querySelectorAll('tr:not(.table-titles)').forEach(row => row.remove());
	for (const row of rows) {
		if (row.length != titles) throw new Error(`${row.length} cells under ${titles} titles`);
		table.append(E('tr', { 'class': 'tr' }, row.map(cell => E('td', { 'class': 'td' }, cell))));
	}
	if (!rows.length) table.append(E('tr', { 'class': 'tr placeholder' }, [ E('td', { 'class': 'td' }, placeholder) ]));
};

const base = {
	extend(members) {
		const Class = class { };
		Object.assign(Class.prototype, members);
		return Class;
	},
};

window.said = [];
window.polls = [];
// What a method answers, instead of the plugin.
window.fakes = {};

const ui = {
	createHandlerFn(object, run, ...values) {
		const call = typeof run == 'function' ? run : object[run];
		if (typeof call != 'function') throw new Error(`no handler ${run}`);
		return async event => {
			const button = event.currentTarget;
			button.disabled = true;
			try { await call.call(object, ...values, event); } finally { button.disabled = false; }
		};
	},
	showModal(title, children) {
		ui.hideModal();
		document.body.append(E('div', { 'id': 'modal' }, [ E('h4', [ title ]), ...children ]));
	},
	hideModal() { document.querySelector('#modal')?.remove(); },
	addNotification(title, node, style) {
		said.push(`${style}: ${title}: ${node.textContent}`);
		return node;
	},
};

async function post(path, value) {
	const answer = await fetch(path, { method: 'POST', body: JSON.stringify(value) });
	return answer.json();
}

// A form is only noted down: what it has, and what it takes.
const known = {
	option: [ 'default', 'rmempty', 'optional', 'editable', 'modalonly', 'placeholder', 'validate', 'load', 'textvalue' ],
	section: [ 'addremove', 'anonymous', 'sortable', 'nodescriptions', 'addbtntitle' ],
};
function noted(kind, object, hidden) {
	return new Proxy(object, {
		get(target, key) {
			if (key in target || key in hidden || typeof key == 'symbol') return target[key] ?? hidden[key];
			throw new Error(`${kind} has no ${key}`);
		},
		set(target, key, value) {
			if (!known[kind].includes(key)) throw new Error(`${kind} has no ${key}`);
			target[key] = value;
			return true;
		},
	});
}
class Section {
	constructor(type, ...about) { Object.assign(this, { type, about, options: {}, formvalues: {} }); }
	option(Type, name, ...about) {
		if (typeof Type != 'function') throw new Error(`${name}: no such widget`);
		const values = [];
		const option = new Type();
		Object.assign(option, { about, section: this, values, value: (...each) => values.push(each), cfgvalue: id => option.load(id) });
		option.load = id => modules.uci.get(window.map.config, id, name);
		this.options[name] = option;
		return noted('option', option, {});
	}
	formvalue(id, name) { return this.formvalues[name]; }
}
class Map {
	constructor(config, ...about) { Object.assign(this, { config, about, sections: {} }); window.map = this; }
	section(Type, ...about) {
		const section = new Type(...about);
		this.sections[about[0]] = section;
		return noted('section', section, {});
	}
	render() { return E('div', [ this.config ]); }
}

const modules = {
	view: base,
	baseclass: base,
	rpc: strict('rpc', {
		declare({ object, method, params = [], ...rest }) {
			if (Object.keys(rest).length) throw new Error(`rpc.declare: ${Object.keys(rest)}`);
			return async (...values) => {
				if (fakes[method]) return fakes[method];
				const input = Object.fromEntries(params.map((name, index) => [ name, values[index] ]));
				const answer = await post(`/ubus?${parameters}`, { object, method, input });
				if (answer.error) throw new Error(`RPC call to ${object}/${method} failed: ${answer.error}`);
				return answer.result;
			};
		},
	}),
	poll: strict('poll', { add(run) { polls.push(run); return true; } }),
	ui: strict('ui', ui),
	uci: strict('uci', {
		load: async config => { if (config != 'debounced') throw new Error(`no ${config}`); },
		sections: (config, type) => window.config.filter(section => section['.type'] == type),
		get: (config, id, option) => window.config.find(section => section['.name'] == id)?.[option],
	}),
	form: strict('form', {
		Map, GridSection: class extends Section { }, NamedSection: class extends Section { },
		Value: class { }, Flag: class { }, ListValue: class { }, DynamicList: class { },
	}),
};

window.L = strict('L', {
	toArray: value => value == null ? [] : Array.isArray(value) ? value : [ value ],
	resolveDefault: (promise, value) => Promise.resolve(promise).catch(() => value),
	hasViewPermission: () => user == 'writer',
});

window.load = async function(path) {
	const source = await (await fetch(`/luci-static/resources/${path}?${parameters}`)).text();
	const names = [], values = [];
	for (const [ , name ] of source.matchAll(/^'require (\S+)';$/mg)) {
		if (!(name in modules)) throw new Error(`no module ${name}`);
		names.push(name);
		values.push(modules[name]);
	}
	const Class = new Function(...names, `'use strict';${source}`)(...values);
	const view = new Class();
	const node = view.render(await view.load());
	return { view, node };
};
