-- private.seller: who issues the invoices, i.e. the operator of this service. One row, changed by the owner
-- of the database. A seller without a GSTIN is not registered and may not collect GST, so none is charged.

-- @section tables

create table private.seller (
  only_row   boolean not null default true,
  legal_name text not null default 'Quinite Vantage',
  gstin      text,
  state_code text not null default '29',
  address    text not null default '',
  sac        text not null default '998314',
  tax_rate   numeric(5,2) not null default 18.00,
  constraint seller_pkey primary key (only_row),
  constraint seller_only_row_check check (only_row),
  constraint seller_gstin_check check (gstin ~ '^[0-9]{2}[A-Z0-9]{13}$' and left(gstin, 2) = state_code),
  constraint seller_state_code_check check (state_code ~ '^[0-9]{2}$'),
  constraint seller_sac_check check (sac ~ '^[0-9]{6}$'),
  constraint seller_tax_rate_check check (tax_rate between 0 and 100)
);
comment on column private.seller.sac is 'Service accounting code on the invoice; 998314: IT design and development services.';

insert into private.seller default values;

-- @section functions

-- The GST state code of a buyer: the first two digits of the GSTIN, else from the state's name; null when
-- neither says (the place of supply of a service is then the seller's state: section 12(2)(b)(ii), IGST Act).
create function private.gst_state_code(gstin text, state text) returns text
  language sql immutable set search_path = '' as $$
  select coalesce(left(gstin, 2), (
    select code from (values
      ('01', 'jammu and kashmir'), ('02', 'himachal pradesh'), ('03', 'punjab'), ('04', 'chandigarh'),
      ('05', 'uttarakhand'), ('06', 'haryana'), ('07', 'delhi'), ('08', 'rajasthan'), ('09', 'uttar pradesh'),
      ('10', 'bihar'), ('11', 'sikkim'), ('12', 'arunachal pradesh'), ('13', 'nagaland'), ('14', 'manipur'),
      ('15', 'mizoram'), ('16', 'tripura'), ('17', 'meghalaya'), ('18', 'assam'), ('19', 'west bengal'),
      ('20', 'jharkhand'), ('21', 'odisha'), ('22', 'chhattisgarh'), ('23', 'madhya pradesh'), ('24', 'gujarat'),
      ('26', 'dadra and nagar haveli and daman and diu'), ('27', 'maharashtra'), ('29', 'karnataka'),
      ('30', 'goa'), ('31', 'lakshadweep'), ('32', 'kerala'), ('33', 'tamil nadu'), ('34', 'puducherry'),
      ('35', 'andaman and nicobar islands'), ('36', 'telangana'), ('37', 'andhra pradesh'), ('38', 'ladakh')
    ) as states (code, name)
    where name = replace(lower(btrim(state)), '&', 'and')))
$$;

-- @section policies

alter table private.seller enable row level security;
create policy "No direct access" on private.seller for select using (false);
