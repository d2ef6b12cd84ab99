-- Indentation survives copying: pdf viewers drop the spaces at the start of a line
-- unless the line says in an ActualText that they are there.

local glyph, space = node.id("glyph"), 32
local pdf_literal = node.subtype("pdf_literal")

local function literal(data)
  local n = node.new("whatsit", pdf_literal)
  n.mode, n.data = 1, data
  return n
end

-- Wrap the leading spaces of the line in TeX's box register `number`.
function handout_indent(number)
  local box = tex.box[number]
  local first, last, count = nil, nil, 0
  for n in node.traverse_id(glyph, box.head) do
    if n.char ~= space then break end
    first, last, count = first or n, n, count + 1
  end
  if count == 0 or not last.next then return end
  local text = "FEFF" .. string.rep("0020", count)
  local span = "/Span <</ActualText <" .. text .. ">>> BDC"
  box.head = node.insert_before(box.head, first, literal(span))
  node.insert_after(box.head, last, literal("EMC"))
end
