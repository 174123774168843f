'use strict';
// A stand-in for LuCI's client, with only the names that the app's views use: any other name is a fault. As in LuCI, a
// string by itself is HTML, as a child or as a table's cell, and a string in a list is text.
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

// Puts marks around each string that can be translated.
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


window.said = [];
window.polls = [];
// Answers of methods, in place of the plugin's.
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
	addValidator(field, type, optional, isAllowed, ...events) {
		const validate = () => {
			// The field is outside a form.
			if (!field.closest('body') && !field.closest('[data-field]')) return true;
			const value = field.value ?? '';
			let fault = value === '' && !optional ? 'Expecting: non-empty value'
				: type == 'uciname' && !/^\w*$/.test(value) ? 'Expecting: valid UCI identifier' : true;
			if (fault === true && isAllowed) fault = isAllowed(value);
			field.classList.toggle('cbi-input-invalid', fault !== true);
			if (fault === true) delete field.dataset.tooltip; else field.dataset.tooltip = fault;
			field.dispatchEvent(fault === true ? new CustomEvent('validation-success', { bubbles: true })
				: new CustomEvent('validation-failure', { bubbles: true, detail: fault }));
			return fault === true;
		};
		for (const event of events) field.addEventListener(event, validate);
		validate();
		return validate;
	},
	addNotification(title, node, style) {
		said.push(`${style}: ${title}: ${node.textContent}`);
		return node;
	},
};

async function post(path, value) {
	const answer = await fetch(path, { method: 'POST', body: JSON.stringify(value) });
	return answer.json();
}

// The forms, as in LuCI 23.05 to 25.12. LuCI validates a field when a user types into it, and never validates an
// untouched empty field. In a list, LuCI validates only the line that is typed in. A dialog that can't be saved stays
// open, without a message. An option with `modalonly: false` is only in the table. A new section gets its id when it is
// saved.
class Base {
	static extend(members) {
		const Class = class extends this { };
		Object.assign(Class.prototype, members);
		return Class;
	}
	titleFn(name, ...values) {
		const title = typeof this[name] == 'function' ? this[name](...values) : this[name];
		return title == null || title === '' ? null : `${title}`;
	}
}

class Widget {
	constructor(options) { this.options = options; }
	isValid() { return this.validState !== false; }
	getValidationError() { return this.validationError ?? ''; }
	bind(node, field, ...events) {
		this.node = node;
		node.id = this.options.id;
		node.widget = this;
		node.addEventListener('validation-success', () => Object.assign(this, { validState: true, validationError: '' }));
		node.addEventListener('validation-failure', event => Object.assign(this, { validState: false, validationError: event.detail }));
		ui.addValidator(field, 'string', this.options.optional ?? true, this.options.validate, ...events);
		return node;
	}
}
class Textfield extends Widget {
	render(value) {
		const { placeholder, disabled } = this.options;
		const input = E('input', { 'type': 'text', 'placeholder': placeholder, 'disabled': disabled, 'value': value });
		return this.bind(E('div', [ input ]), input, 'keyup', 'blur');
	}
	getValue() { return this.node.firstChild.value; }
}
class Checkbox extends Widget {
	render(value) {
		const input = E('input', { 'type': 'checkbox', 'checked': value == '1' ? '' : null, 'disabled': this.options.disabled });
		return this.bind(E('div', [ input ]), input, 'click', 'blur');
	}
	isChecked() { return this.node.firstChild.checked; }
}
class Select extends Widget {
	render(value, choices) {
		const { optional, placeholder, disabled } = this.options;
		const choice = (value, title, isSelected) => E('option', { 'value': value, 'selected': isSelected ? '' : null }, [ title ]);
		const select = E('select', { 'disabled': disabled }, [
			...(optional ? [ choice('', placeholder ?? '-- Please choose --', value == null) ] : []),
			...Object.entries(choices).map(([ each, title ]) => choice(each, title, each == value)) ]);
		return this.bind(E('div', [ select ]), select, 'change', 'click', 'blur');
	}
	getValue() { return this.node.firstChild.value; }
}
class List extends Widget {
	render(values, choices) {
		const input = E('input', { 'type': 'text', 'class': choices ? 'create-item-input' : 'cbi-input-text' });
		const list = E('div', { 'class': 'cbi-dynlist' }, [ E('div', { 'class': 'add-item' }, choices ? [ E('div', { 'class': 'cbi-dropdown' }, [
			E('ul', [ E('li', { 'placeholder': '' }), ...Object.entries(choices).map(([ value, title ]) => E('li', { 'data-value': value }, [ title ])),
				E('li', { 'data-value': '-' }, [ input ]) ]) ]) ] : [ input ]) ]);
		ui.addValidator(input, 'string', true, this.options.validate, 'keyup', 'blur');
		input.addEventListener('keydown', ({ key }) => {
			if (key != 'Enter' || !input.value || input.classList.contains('cbi-input-invalid')) return;
			this.add(choices ? input.value.trim() : input.value);
			input.value = '';
		});
		list.addEventListener('click', ({ target }) => target.closest('.item')?.remove());
		this.bind(list, list, 'cbi-dynlist-change');
		for (const value of values) this.add(value);
		return list;
	}
	add(value) {
		if (this.values().includes(value)) return;
		this.node.lastChild.before(E('div', { 'class': 'item' }, [ E('span', [ value ]), E('input', { 'type': 'hidden', 'value': value }) ]));
		this.node.dispatchEvent(new CustomEvent('cbi-dynlist-change'));
	}
	values() { return [ ...this.node.querySelectorAll('.item > input') ].map(each => each.value); }
	getValue() {
		// A line that is typed in counts as a value, except in a list with suggestions.
		const input = this.node.querySelector('.add-item > input');
		return [ ...this.values(), ...(input?.value.trim() && !input.classList.contains('cbi-input-invalid') ? [ input.value ] : []) ];
	}
}

const same = (one, other) => JSON.stringify([ one ].flat()) == JSON.stringify([ other ].flat()) && Array.isArray(one) == Array.isArray(other);
class Value extends Base {
	rmempty = true;
	constructor(section, option, title, description) { super(); Object.assign(this, { map: section.map, section, option, title, description }); }
	value(key, title) {
		(this.keylist ??= []).push(key);
		(this.vallist ??= []).push(title ?? key);
	}
	cbid(id) { return `cbid.${this.map.config}.${id}.${this.option}`; }
	load(id) { return modules.uci.get(this.map.config, id, this.option); }
	cfgvalue(id, ...values) {
		this.data ??= {};
		if (values.length) [ this.data[id] ] = values;
		return this.data[id];
	}
	getUIElement(id) { return this.map.findElement('id', this.cbid(id))?.widget ?? null; }
	formvalue(id) { return this.getUIElement(id)?.getValue() ?? null; }
	textvalue(id) {
		const value = this.cfgvalue(id) ?? this.default;
		return value == null ? null : '%h'.format([ value ].flat().join(' '));
	}
	validate() { return true; }
	isValid(id) { return this.getUIElement(id)?.isValid() ?? true; }
	getValidationError(id) { return this.getUIElement(id)?.getValidationError() ?? ''; }
	isActive(id) { return !!this.map.findElement('data-field', this.cbid(id)); }
	choices() { return this.keylist?.length ? Object.fromEntries(this.keylist.map((key, index) => [ key, this.vallist[index] ])) : null; }
	options(id, optional) {
		return { id: this.cbid(id), optional, placeholder: this.placeholder, validate: value => this.validate(id, value),
			disabled: this.readonly ?? this.map.readonly ? '' : null };
	}
	renderWidget(id, index, value) { return new Textfield(this.options(id, this.optional || this.rmempty)).render(value ?? this.default); }
	render(id, isCell) {
		const widget = this.renderWidget(id, 0, this.cfgvalue(id));
		return isCell ? E('td', { 'class': 'td' }, [ E('div', { 'data-field': this.cbid(id) }, [ widget ]) ])
			: E('div', { 'class': 'cbi-value', 'data-field': this.cbid(id) }, [
				E('label', [ this.title ]),
				E('div', { 'class': 'cbi-value-field' }, [ widget, E('div', { 'class': 'cbi-value-description' }, this.description) ]) ]);
	}
	async parse(id) {
		if (!this.isActive(id)) return this.remove(id);
		const fail = why => { throw new TypeError(`Option "${this.title}" ${why}`); };
		if (!this.isValid(id)) fail(`contains an invalid input value. ${this.getValidationError(id)}`);
		const value = this.formvalue(id);
		// `==` also finds an empty list.
		if (value == null || value == '') return this.rmempty || this.optional ? this.remove(id) : fail('must not be empty.');
		if (!same(this.cfgvalue(id), value)) return this.write(id, value);
	}
	write(id, value) { modules.uci.set(this.map.config, id, this.option, value); }
	remove(id) { modules.uci.set(this.map.config, id, this.option, null); }
}
class Flag extends Value {
	default = '0';
	renderWidget(id, index, value) { return new Checkbox(this.options(id)).render(value ?? this.default); }
	formvalue(id) { return this.getUIElement(id)?.isChecked() ? '1' : '0'; }
	textvalue(id) { return (this.cfgvalue(id) ?? this.default) == '1' ? 'Yes' : 'No'; }
	async parse(id) {
		if (!this.isActive(id)) return this.remove(id);
		if (!this.isValid(id)) throw new TypeError(`Option "${this.title}" contains an invalid input value. ${this.getValidationError(id)}`);
		const value = this.formvalue(id);
		return value == this.default && this.rmempty ? this.remove(id) : this.write(id, value);
	}
}
class ListValue extends Value {
	renderWidget(id, index, value) { return new Select(this.options(id, this.optional)).render(value ?? this.default, this.choices() ?? {}); }
}
class DynamicList extends Value {
	renderWidget(id, index, value) { return new List(this.options(id)).render(L.toArray(value ?? this.default), this.choices()); }
}

class Section extends Base {
	constructor(map, sectiontype, title, description) { super(); Object.assign(this, { map, sectiontype, title, description, children: [] }); }
	option(Type, ...about) {
		if (typeof Type != 'function') throw new Error(`${about[0]}: no such widget`);
		this.children.push(new Type(this, ...about));
		return this.children.at(-1);
	}
	cfgsections() { return modules.uci.sections(this.map.config, this.sectiontype).map(section => section['.name']); }
	getOption(name) { return this.children.find(({ option }) => option == name) ?? null; }
	getUIElement(id, name) { return this.getOption(name)?.getUIElement(id) ?? null; }
	formvalue(id, name) { return this.getOption(name)?.formvalue(id) ?? null; }
	load() { for (const id of this.cfgsections()) for (const option of this.children) option.cfgvalue(id, option.load(id)); }
	parse() { return Promise.all(this.cfgsections().flatMap(id => this.parsed().map(option => option.parse(id)))); }
	parsed() { return this.children; }
	frame(nodes) {
		return E('div', { 'class': 'cbi-section', 'data-tab': this.map.tabbed ? this.sectiontype : null, 'data-tab-title': this.map.tabbed ? this.title || this.sectiontype : null }, [
			...(this.title ? [ E('h3', [ this.title ]) ] : []),
			...(this.description ? [ E('div', { 'class': 'cbi-section-descr' }, this.description) ] : []),
			...nodes ]);
	}
}
class NamedSection extends Section {
	constructor(map, id, ...about) { super(map, ...about); this.section = id; }
	cfgsections() { return [ this.section ]; }
	renderContents([ data, nodes ]) { return this.frame(data ? nodes : []); }
	render() {
		return this.renderContents([ modules.uci.get(this.map.config, this.section), this.children.map(option => option.render(this.section)) ]);
	}
}
class GridSection extends Section {
	inTable() { return this.children.filter(option => !option.modalonly); }
	parsed() { return this.children.filter(option => option.editable && !option.modalonly); }
	handleAdd(event, name) {
		this.map.addedSection = modules.uci.add(this.map.config, this.sectiontype, name);
		return this.renderMoreOptionsModal(this.map.addedSection);
	}
	handleRemove(id) {
		modules.uci.remove(this.map.config, id);
		return this.map.save(null, true);
	}
	renderSectionPlaceholder() { return E('em', 'This section contains no values yet'); }
	renderSectionAdd() {
		const title = this.titleFn('addbtntitle') ?? 'Add';
		const disabled = this.map.readonly ? '' : null;
		if (this.anonymous)
			return E('div', [ E('button', { 'disabled': disabled, 'click': ui.createHandlerFn(this, 'handleAdd') }, [ title ]) ]);
		const input = E('input', { 'type': 'text', 'class': 'cbi-section-create-name', 'disabled': disabled });
		const button = E('button', { 'disabled': '', 'click': ui.createHandlerFn(this, event =>
			input.classList.contains('cbi-input-invalid') ? null : this.handleAdd(event, input.value)) }, [ title ]);
		if (!this.map.readonly)
			ui.addValidator(input, 'uciname', true, value => {
				button.disabled = value === '';
				return value !== '' || 'Expecting: non-empty value';
			}, 'blur', 'keyup');
		return E('div', [ E('div', [ input ]), button ]);
	}
	render() {
		return this.renderContents(this.cfgsections(), this.cfgsections().map(id => this.inTable().map(option => option.editable ? option.render(id, true)
			: E('td', { 'class': 'td' }, option.textvalue(id) ?? E('em', 'none')))));
	}
	renderContents(ids, rows) {
		const button = (title, run) => E('button', { 'disabled': this.map.readonly ? '' : null, 'click': ui.createHandlerFn(this, run) }, [ title ]);
		const name = id => this.titleFn('sectiontitle', id) ?? (this.anonymous ? '' : id);
		return this.frame([
			E('table', { 'class': 'table cbi-section-table' }, [
				E('tr', { 'class': 'tr table-titles' }, [ E('th', []), ...this.inTable().map(({ title }) => E('th', [ title ])), E('th', []) ]),
				...ids.map((id, index) => E('tr', { 'class': 'tr', 'data-section-id': id }, [ E('td', [ name(id) ]), ...rows[index], E('td', [
					...(this.sortable ? [ E('button', { 'class': 'drag-handle' }, [ '☰' ]) ] : []),
					button('Edit', () => this.renderMoreOptionsModal(id)), button('Delete', () => this.handleRemove(id)) ]) ])),
				...(ids.length ? [] : [ E('tr', { 'class': 'tr placeholder' }, [ E('td', this.renderSectionPlaceholder()) ]) ]) ]),
			this.renderSectionAdd() ]);
	}
	// The dialog has a form of its own, with copies of the options.
	async renderMoreOptionsModal(id) {
		const map = new Form(this.map.config);
		const section = map.section(NamedSection, id, this.sectiontype);
		map.readonly = this.map.readonly;
		for (const option of this.children) {
			if (option.modalonly === false) continue;
			const copy = section.option(option.constructor, option.option, option.title, option.description);
			for (const key of Object.keys(option))
				if (![ 'map', 'section', 'option', 'title', 'description' ].includes(key)) copy[key] = option[key];
		}
		const node = await map.render();
		ui.showModal(this.titleFn('modaltitle', id) ?? this.map.title, [ node, E('div', [
			E('button', { 'click': ui.createHandlerFn(this, 'handleModalCancel', map) }, [ 'Dismiss' ]),
			E('button', { 'disabled': map.readonly ? '' : null, 'click': ui.createHandlerFn(this, 'handleModalSave', map) }, [ 'Save' ]) ]) ]);
	}
	handleModalCancel(map, event, isSaved) {
		if (this.map.addedSection && !isSaved) modules.uci.remove(this.map.config, this.map.addedSection);
		delete this.map.addedSection;
		ui.hideModal();
	}
	async handleModalSave(map, event) {
		try {
			await map.save(null, true);
			await this.map.load();
			this.map.renderContents();
			this.handleModalCancel(map, event, true);
		} catch (fault) { window.silent = fault.message; }
	}
}
class Form extends Base {
	constructor(config, title, description) { super(); Object.assign(this, { config, title, description, children: [] }); }
	section(Type, ...about) {
		this.children.push(new Type(this, ...about));
		return this.children.at(-1);
	}
	findElement(name, value) { return this.root.querySelector(`[${name}="${value}"]`); }
	async load() {
		await modules.uci.load(this.config);
		if (user != 'writer') this.readonly ??= true;
		for (const section of this.children) section.load();
	}
	parse() { return Promise.all(this.children.map(section => section.parse())); }
	async save(then, isSilent) {
		try {
			await this.parse();
			await modules.uci.save();
			await this.load();
		} catch (fault) {
			if (!isSilent) ui.showModal('Save error', [ E('p', [ fault.message ]) ]);
			throw fault;
		}
		return this.renderContents();
	}
	async render() {
		this.root = E('div', { 'class': 'cbi-map' });
		await this.load();
		return this.renderContents();
	}
	renderContents() {
		this.root.replaceChildren(...(this.title ? [ E('h2', this.title) ] : []), ...(this.description ? [ E('div', this.description) ] : []),
			...(this.tabbed ? [ E('div', { 'class': 'cbi-map-tabbed' }, this.children.map(section => section.render())) ] : this.children.map(section => section.render())));
		window.map ??= this;
		return this.root;
	}
}

// The settings file at the start of the page, and its unsaved changes. As with rpcd, a missing file is a failure.
window.config = [];
let staged = null;
const uci = {
	load: async config => {
		if (config == 'dhcp') return dhcp == null ? Promise.reject(new Error('Not found')) : [ config ];
		if (config != 'debounced') throw new Error(`no ${config}`);
		if (window.config == null) throw new Error('RPC call to uci/get failed with ubus code 4: Resource not found');
		staged ??= structuredClone(window.config).map(section => ({ '.anonymous': /^cfg/.test(section['.name']), ...section }));
		return [ config ];
	},
	sections: (config, type) => (config == 'dhcp' ? dhcp ?? [] : staged ?? []).filter(section => !type || section['.type'] == type),
	get: (config, id, option) => {
		const section = uci.sections(config).find(section => section['.name'] == id);
		return option == null ? section ?? null : section?.[option] ?? null;
	},
	set: (config, id, option, value) => {
		const section = uci.get(config, id);
		if (!section) return;
		if (value == null || value === '') delete section[option]; else section[option] = value;
	},
	add: (config, type, name) => {
		const id = name || `new${Math.random().toString(16).slice(2, 8).padEnd(6, '0')}`;
		staged.push({ '.type': type, '.name': id, '.anonymous': !name });
		return id;
	},
	remove: (config, id) => { staged = staged.filter(section => section['.name'] != id); },
	save: async () => {
		staged.forEach((section, index) => {
			if (section['.name'].startsWith('new') && section['.anonymous']) section['.name'] = `cfg${index.toString(16).padStart(6, '0')}`;
		});
		window.config = structuredClone(staged);
	},
};
window.dhcp = [];
// Starts again with other settings.
window.begin = (config, reservations = []) => {
	Object.assign(window, { config, dhcp: reservations, map: undefined, silent: null });
	staged = null;
};

const modules = {
	view: Base,
	baseclass: Base,
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
	poll: strict('poll', { add(run, seconds = 5) { polls.push({ run, seconds }); return true; } }),
	ui: strict('ui', ui),
	uci: strict('uci', uci),
	form: strict('form', { Map: Form, GridSection, NamedSection, Value, Flag, ListValue, DynamicList }),
};

window.L = strict('L', {
	// As in LuCI, a value with a blank becomes two values.
	toArray: value => value == null ? [] : Array.isArray(value) ? value : `${value}`.trim().split(/\s+/),
	url: path => `/cgi-bin/luci/${path}`,
	resolveDefault: (promise, value) => Promise.resolve(promise).catch(() => value),
	hasViewPermission: () => user == 'writer',
});

// Loads a file of the app, with the modules that the file requires.
async function instance(path) {
	const source = await (await fetch(`/luci-static/resources/${path}?${parameters}`)).text();
	const names = [], values = [];
	for (const [ , name, as ] of source.matchAll(/^'require (\S+?)(?: as (\w+))?';$/mg)) {
		if (!(name in modules) && !name.startsWith('view.')) throw new Error(`no module ${name}`);
		names.push(as ?? name);
		values.push(modules[name] ?? await instance(`${name.replaceAll('.', '/')}.js`));
	}
	return new (new Function(...names, `'use strict';${source}`)(...values))();
}

window.load = async function(path) {
	const view = await instance(path);
	const node = await view.render(await view.load());
	return { view, node };
};
