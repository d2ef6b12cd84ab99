-- Code survives copying. A PDF viewer drops the spaces at the start of a line and takes
-- a wide gap for the end of a column, unless an ActualText says that spaces are there.

local glyph, space = node.id("glyph"), 32
local invisible = { [node.id("whatsit")] = true, [node.id("kern")] = true }
local pdf_literal = node.subtype("pdf_literal")

local function literal(data)
  local n = node.new("whatsit", pdf_literal)
  n.mode, n.data = 1, data
  return n
end

local function wrap(head, run)
  local text = "FEFF" .. string.rep("0020", #run)
  local span = "/Span <</ActualText <" .. text .. ">>> BDC"
  head = node.insert_before(head, run[1], literal(span))
  node.insert_after(head, run[#run], literal("EMC"))
  return head
end

-- Wrap the spaces of the line in TeX's box register `number`: those at its start, and
-- wherever there are two or more.
function handout_spaces(number)
  local box = tex.box[number]
  local runs, run, start = {}, {}, true
  for n in node.traverse(box.head) do
    if n.id == glyph and n.char == space then
      run[#run + 1] = n
    elseif not invisible[n.id] then
      if #run > 1 or (start and #run == 1) then runs[#runs + 1] = run end
      run, start = {}, false
    end
  end
  for _, spaces in ipairs(runs) do box.head = wrap(box.head, spaces) end
end

-- Boxes. Marks in the text say where a box opens and closes; when a page is made, the
-- background and the bar of its boxes are painted behind the text.

local mark_id = luatexbase.new_whatsit("handout")
local user_defined = node.subtype("user_defined")
local list = { [node.id("hlist")] = true, [node.id("vlist")] = true }
local glue, kern, rule = node.id("glue"), node.id("kern"), node.id("rule")
local whatsit = node.id("whatsit")
local point = 65536
local kinds, open = {}, {}

function handout_kind(name, back, bar, width, overhang)
  kinds[name] = { back = back:gsub(",", " "), bar = bar:gsub(",", " "),
    width = width, overhang = overhang }
end

local function mark(...)
  local n = node.new("whatsit", user_defined)
  n.user_id = mark_id
  n.type = string.byte("s")
  n.value = table.concat({...}, " ")
  return n
end

function handout_mark(...) node.write(mark(...)) end

-- Mark where the text of the page begins and ends, without floats and footnotes.
function handout_page()
  local page = tex.box[255]
  page.list = node.insert_before(page.list, page.list, mark("top"))
  node.insert_after(page.list, node.tail(page.list), mark("foot"))
end

local function rectangle(color, x, y, width, height)
  local bp = 65781.76
  return ("%s rg %.3f %.3f %.3f %.3f re f"):format(
    color, x / bp, -(y + height) / bp, width / bp, height / bp)
end

function handout_paint(number)
  local page = tex.box[number]
  local painted, y = {}, 0
  local function paint(level, bottom)
    local box = open[level]
    local kind, height = kinds[box.kind], bottom - box.top
    -- Of a box that has just ended, nothing is left but its lower edge.
    if box.continued and height < 16 * point then return end
    local x, width = box.left - kind.overhang, box.width + 2 * kind.overhang
    painted[#painted + 1] = { level = level,
      (kind.back ~= "" and rectangle(kind.back, x, box.top, width, height) .. " " or "")
      .. rectangle(kind.bar, x, box.top, kind.width, height) }
  end
  for n in node.traverse(page.list) do
    if list[n.id] or n.id == rule then
      y = y + n.height + n.depth
    elseif n.id == glue then
      y = y + node.effective_glue(n, page)
    elseif n.id == kern then
      y = y + n.kern
    elseif n.id == whatsit and n.subtype == user_defined and n.user_id == mark_id then
      local word, left, width = n.value:match("^(%a+) ?(%-?%d*) ?(%d*)$")
      if word == "top" then
        for _, box in ipairs(open) do box.top, box.continued = y - 3 * point, true end
      elseif word == "foot" then
        for level in ipairs(open) do paint(level, y + 3 * point) end
      elseif word == "close" then
        paint(#open, y)
        open[#open] = nil
      else
        open[#open + 1] = { kind = word, top = y, left = tonumber(left),
          width = tonumber(width) }
      end
    end
  end
  table.sort(painted, function(a, b) return a.level > b.level end)
  for _, box in ipairs(painted) do -- the outermost last, hence first on the page
    local n = node.new("whatsit", pdf_literal)
    n.mode, n.data = 0, "q " .. box[1] .. " Q"
    page.list = node.insert_before(page.list, page.list, n)
  end
end
